package profile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// parse gives the text of an environment variable the type that the schema wants: lists are words with commas between them, or JSON. What
// does not fit stays text, and validation then says what is allowed.
func parse(text string, types []string) any {
	switch {
	case slices.Contains(types, "boolean") && text == "true":
		return true
	case slices.Contains(types, "boolean") && text == "false":
		return false
	case slices.Contains(types, "integer") && isInteger(text):
		return json.Number(text)
	case slices.Contains(types, "array") && strings.HasPrefix(strings.TrimSpace(text), "[") && json.Valid([]byte(text)):
		list, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return text
		}
		return list
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
