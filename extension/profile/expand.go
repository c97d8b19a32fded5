package profile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k6suite/extension/internal/nearest"
)

// placeholder is ${name}, or ${NAME:-text}. What begins with ${ and is none is an error.
var placeholder = regexp.MustCompile(`\$\{([^}:]*)(:-([^}]*))?(\}|$)`)

var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// Expand replaces the placeholders of a text: ${k6} is this program, ${run} the run's folder, ${NAME} the environment variable of that
// name, in capitals, and ${NAME:-text} the variable, or the text where it is not set or empty. Errors name no value.
func Expand(text string, program, run string, env Lookup) (string, error) {
	var wrong error
	out := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value, err := expand(placeholder.FindStringSubmatch(found), program, run, env)
		wrong = errors.Join(wrong, err)
		return value
	})
	if wrong != nil {
		return "", wrong
	}
	return out, nil
}

func expand(parts []string, program, run string, env Lookup) (string, error) {
	name, fallback, standard := parts[1], parts[2] != "", parts[3]
	switch {
	case parts[4] == "":
		return "", fmt.Errorf("${%s has no }: a placeholder is ${k6}, ${run} or ${NAME}", name)
	case name == "k6" && !fallback:
		return program, nil
	case name == "run" && !fallback:
		return run, nil
	case !variableName.MatchString(name):
		hint := ""
		if near := nearest.Word(name, []string{"k6", "run"}); near != "" {
			hint = fmt.Sprintf(": did you mean ${%s}?", near)
		}
		return "", fmt.Errorf("unknown placeholder ${%s}%s (there are ${k6}, ${run}, and ${NAME} of an environment variable)", name, hint)
	}
	if value, _ := env(name); value != "" {
		return value, nil
	}
	if fallback {
		return standard, nil
	}
	return "", fmt.Errorf("environment variable %s is not set: set it, or write ${%s:-…} with a default", name, name)
}

// template checks the placeholders of a text, whatever their values.
func template(text string) error {
	_, err := Expand(text, "k6", "run", func(string) (string, bool) { return "set", true })
	if err != nil {
		return fmt.Errorf("is no command line that could be filled in: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}
