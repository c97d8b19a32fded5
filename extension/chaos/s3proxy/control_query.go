package s3proxy

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// duration reads a parameter of the query, 0 if it is not there.
func duration(r *http.Request, name string) (time.Duration, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q: want a duration such as 10s", name, text)
	}
	return d, nil
}

func number(r *http.Request, name string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q: want a whole number, at least 0", name, text)
	}
	return n, nil
}
