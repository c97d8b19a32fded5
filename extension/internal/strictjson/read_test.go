package strictjson_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/strictjson"
)

type thing struct {
	Name  string              `json:"name,omitempty"`
	Times int64               `json:"times"`
	Share float64             `json:"share"`
	Sure  *bool               `json:"sure"`
	Words []string            `json:"words"`
	For   strictjson.Duration `json:"for,omitzero"`
	Seed  int64               `json:"seed"`
}

const wanted = `want an object such as {"name": "a"}`

func TestReadTakesWhatItKnows(t *testing.T) {
	t.Parallel()
	var got thing
	text := `{"name": "a", "times": 3, "share": 0.5, "sure": false, "words": ["x"], "for": "1m30s", "seed": 0}`
	require.NoError(t, strictjson.Read([]byte(text), &got, wanted, "seed"))
	no := false
	require.Equal(t, thing{"a", 3, 0.5, &no, []string{"x"}, strictjson.Duration(90 * time.Second), 0}, got)
	require.Equal(t, []string{"name", "times", "share", "sure", "words", "for", "seed"}, strictjson.Keys(reflect.TypeFor[thing]()))
	again, err := json.Marshal(got.For)
	require.NoError(t, err)
	require.Equal(t, `"1m30s"`, string(again))
}

func TestReadRefusesWhatMeansNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                 wanted,
		`null`:               wanted,
		`{"nam": "a"}`:       `unknown key "nam": did you mean "name"? (there are: for, name, seed, share, sure, times, words)`,
		`{"name": null}`:     "name is null: leave it out, or give it a value",
		`{"name": ""}`:       `name is "": leave it out, or give it a value`,
		`{"times": 0}`:       "times is 0: leave it out, or give it a value",
		`{"name": 1}`:        "name: want a text, not a number",
		`{"times": "x"}`:     "times: want a whole number, not a string",
		`{"share": "x"}`:     "share: want a number, not a string",
		`{"sure": 1}`:        "sure: want true or false, not a number",
		`{"words": "x"}`:     "words: want a list, not a string",
		`{"for": 5}`:         `for: want a duration such as "200ms" or "10s", not a number`,
		`{"for": "5 weeks"}`: `for: want a duration such as "200ms" or "10s": time: unknown unit`,
	} {
		require.ErrorContains(t, strictjson.Read([]byte(text), &thing{}, wanted, "seed"), want, text)
	}
}
