package k6suite_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A link between documents leads to a file that is there.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	var documents []string
	for _, pattern := range []string{"*.md", "DOCS/*.md", "SPEC/*.md", "OBSERVATIONS/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		documents = append(documents, found...)
	}
	require.Greater(t, len(documents), 10)
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	seen := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			seen++
			require.FileExists(t, filepath.Join(filepath.Dir(document), match[1]), "%s links to %s", document, match[1])
		}
	}
	require.Positive(t, seen)
}
