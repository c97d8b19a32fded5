// Package nearest finds the word that was probably meant.
package nearest

import (
	"fmt"
	"strings"
)

// Unknown is the error for a word of some kind that is none of those that there are. It names the one that was probably meant.
func Unknown(kind, word string, known []string) error {
	hint := ""
	if near := Word(word, known); near != "" {
		hint = fmt.Sprintf(": did you mean %q?", near)
	}
	return fmt.Errorf("unknown %s %q%s (there are: %s)", kind, word, hint, strings.Join(known, ", "))
}

// Word gives the candidate that takes the fewest edits to reach, or "" where none is near enough to be meant.
func Word(word string, candidates []string) string {
	best, fewest := "", len([]rune(word))/2+2
	for _, candidate := range candidates {
		if n := edits(word, candidate); n < fewest {
			best, fewest = candidate, n
		}
	}
	return best
}

// edits counts the insertions, deletions and replacements between two words (Levenshtein).
func edits(from, to string) int {
	a, b := []rune(from), []rune(to)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
