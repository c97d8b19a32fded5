package profile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// parse gives the text of an environment variable the type that the schema wants. What does not fit stays text, and
// validation then says what is allowed.
func parse(text string, types []string) any {
	switch {
	case slices.Contains(types, "boolean") && text == "true":
		return true
	case slices.Contains(types, "boolean") && text == "false":
		return false
	case slices.Contains(types, "integer") && isInteger(text):
		return json.Number(text)
	case slices.Contains(types, "array"):
		var list []any
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		return list
	default:
		return text
	}
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}
