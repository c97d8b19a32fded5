package profile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// runID gives K6_RUN_ID, or a random one. It becomes a folder and part of topic names, so it keeps to what Kafka
// allows in a topic's name and to a length that leaves room for the rest.
func runID(env Lookup) (string, error) {
	id, _ := env("K6_RUN_ID")
	if id == "" {
		return "r" + strings.ToLower(rand.Text()[:10]), nil
	}
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(id) {
		return "", fmt.Errorf("K6_RUN_ID=%q: %w", id,
			errors.New("want letters, digits, hyphens and underscores, at most 64, beginning with a letter or digit"))
	}
	return id, nil
}
