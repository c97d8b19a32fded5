package saved

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"k6suite/extension/contract"
	"k6suite/extension/internal/graph"
	"k6suite/extension/internal/wholefile"
)

// File is the name of a saved run in the folder of its results.
const File = "run.k6suite"

// magic is the first line of a file, with the number of its format.
const magic = "k6suite run, format 1\n"

// Header is what a file says of itself in its second line.
type Header struct {
	Run     string `json:"run"`
	Script  string `json:"script"`
	Profile string `json:"profile"`

	Part contract.Part `json:"part,omitzero"` // of a test that several k6 instances ran

	Suite  string    `json:"suite,omitempty"` // commit from which the binary was built that saved it; "": unknown
	Began  time.Time `json:"began"`           // what times are counted from
	Shape  string    `json:"shape"`           // of what follows
	Length int       `json:"length"`          // of what follows, in bytes, before it was compressed
}

// ErrNotSaved is what [Read] says of a file that is no saved run, or a damaged one.
var ErrNotSaved = errors.New("no run was saved there")

func shape() string { return graph.Shape(reflect.TypeFor[Run]()) }

// Write saves a run. Nothing of it may change meanwhile. A file appears whole or not at all.
func Write(name string, r *Run) error {
	length, err := graph.Stream(io.Discard, r, r.Ledger.Began())
	if err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	header, err := json.Marshal(Header{
		Run: r.Input.Run, Script: r.Input.Script, Profile: r.Input.Profile, Part: r.Input.Part, Suite: r.Input.Subject.Suite,
		Began: r.Ledger.Began(), Shape: shape(), Length: int(length),
	})
	if err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	header = append(header, '\n')
	err = wholefile.Stream(name, func(to io.Writer) error { return r.write(to, header, length) })
	if err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	return nil
}

// write writes all of a file.
func (r *Run) write(to io.Writer, header []byte, length int64) error {
	if _, err := to.Write(append([]byte(magic), header...)); err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	encoder, err := zstd.NewWriter(to)
	if err != nil {
		return err //nolint:wrapcheck // it can only be our options
	}
	written := int64(0)
	if _, err = encoder.Write(header); err == nil { // the header is in there once more: nobody can change it unnoticed
		written, err = graph.Stream(encoder, r, r.Ledger.Began())
	}
	if closed := encoder.Close(); err == nil {
		err = closed
	}
	if err == nil && written != length {
		err = fmt.Errorf("it changed meanwhile: %d bytes have become %d", length, written)
	}
	return err
}

// Read reads a run that was saved.
func Read(name string) (*Run, Header, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, Header{}, fmt.Errorf("saved run: %w", err)
	}
	r, header, err := parse(text)
	if err != nil {
		return nil, header, fmt.Errorf("saved run %s: %w", name, err)
	}
	return r, header, nil
}

// ReadHeader reads what a file says of itself.
func ReadHeader(name string) (Header, error) {
	f, err := os.Open(name)
	if err != nil {
		return Header{}, fmt.Errorf("saved run: %w", err)
	}
	defer f.Close()
	header, _, err := parseHeader(bufio.NewReader(f))
	if err != nil {
		return header, fmt.Errorf("saved run %s: %w", name, err)
	}
	return header, nil
}

// parseHeader reads the first two lines, and gives the second as it stands.
func parseHeader(in *bufio.Reader) (header Header, line []byte, err error) {
	if first, err := in.ReadString('\n'); err != nil || first != magic {
		return header, nil, fmt.Errorf("%w: it does not begin with %q", ErrNotSaved, strings.TrimSpace(magic))
	}
	line, err = in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &header)
	}
	if err != nil {
		return header, nil, fmt.Errorf("%w: its second line is damaged: %w", ErrNotSaved, err)
	}
	return header, line, nil
}

func parse(text []byte) (*Run, Header, error) {
	in := bufio.NewReader(bytes.NewReader(text))
	header, line, err := parseHeader(in)
	if err != nil {
		return nil, header, err
	}
	if header.Shape != shape() {
		return nil, header, fmt.Errorf("it was saved by another version of the suite (%s): judge it with a k6 that was built from that commit",
			commitOf(header))
	}
	decoder, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, header, fmt.Errorf("saved run: %w", err)
	}
	defer decoder.Close()
	wanted := len(line) + header.Length
	body, err := io.ReadAll(io.LimitReader(decoder, int64(wanted)+1))
	if err != nil || len(body) != wanted {
		err = cmp.Or(err, io.ErrUnexpectedEOF)
		return nil, header, fmt.Errorf("%w: it is cut off or damaged: %d of %d bytes: %w", ErrNotSaved, len(body), wanted, err)
	}
	body, ok := bytes.CutPrefix(body, line)
	if !ok {
		return nil, header, fmt.Errorf("%w: its second line was changed", ErrNotSaved)
	}
	r := &Run{}
	if err := graph.Read(body, r, header.Began); err != nil {
		return nil, header, fmt.Errorf("%w: %w", ErrNotSaved, err)
	}
	return r, header, nil
}

func commitOf(h Header) string {
	if h.Suite == "" {
		return "commit unknown"
	}
	return "commit " + h.Suite
}
