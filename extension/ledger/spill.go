package ledger

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// spillMemory is what sealed pages may take of memory where nobody says.
const spillMemory = 256 << 20

// spill takes the sealed pages that do not fit into memory to a file of the system's temporary folder, which has no name any more: however
// the process ends, nothing is left of it. Pages that cannot be written stay in memory. Nil has room for everything.
type spill struct {
	most int64        // bytes of sealed pages that may stay in memory
	held atomic.Int64 `graph:"-"` // … that do

	mu      sync.Mutex
	file    spillFile `graph:"-"`
	end     int64     `graph:"-"`
	unkept  string    // why pages could not be written
	unfound string    // why pages that were written could not be read: nothing can be said of what they held
}

type spillFile interface {
	io.ReaderAt
	io.WriterAt
}

// spilled is where a page is in the file; it has room for more bytes than it takes if it was longer once.
type spilled struct {
	at         int64
	size, room int32
}

func newSpill(most int64) *spill {
	if most <= 0 {
		most = spillMemory
	}
	return &spill{most: most}
}

// fits counts bytes of sealed pages as held, if there is room for them or if they are fewer than before.
func (s *spill) fits(more int) bool {
	if s == nil {
		return true
	}
	if s.held.Add(int64(more)) > s.most && more > 0 {
		s.held.Add(-int64(more))
		return false
	}
	return true
}

// release counts bytes as held no longer.
func (s *spill) release(bytes int) { s.held.Add(-int64(bytes)) }

// write writes a page to where an older form of it was, if it fits there, and tells whether it could.
func (s *spill) write(compact []byte, before spilled) (spilled, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unkept != "" {
		return spilled{}, false
	}
	if err := s.open(); err != nil {
		s.unkept = err.Error()
		return spilled{}, false
	}
	size := int32(len(compact))
	at := spilled{before.at, size, before.room}
	if at.room < size {
		at = spilled{s.end, size, size}
	}
	if _, err := s.file.WriteAt(compact, at.at); err != nil {
		s.unkept = err.Error()
		return spilled{}, false
	}
	s.end = max(s.end, at.at+int64(size))
	return at, true
}

func (s *spill) open() error {
	if s.file != nil {
		return nil
	}
	file, err := os.CreateTemp("", "k6suite-ledger-")
	if err != nil {
		return err //nolint:wrapcheck // it names the file; whoever tells of it says what it is
	}
	_ = os.Remove(file.Name()) // where the system refuses that, the file is left
	s.file = file
	return nil
}

// read reads a page, or is nil if it cannot.
func (s *spill) read(at spilled) []byte {
	s.mu.Lock()
	file := s.file
	s.mu.Unlock()
	compact := make([]byte, at.size)
	if _, err := file.ReadAt(compact, at.at); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unfound = err.Error()
		return nil
	}
	return compact
}

// troubles says why pages could not be written, and why they could not be read.
func (s *spill) troubles() (unkept, unfound string) {
	if s == nil {
		return "", ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unkept, s.unfound
}

// spillTroubles doubts what the file did to the ledger's pages, and gives the findings that are left: none, where a page is gone, for
// whatever it held would seem to be missing.
func (j *judging) spillTroubles(findings []Finding) []Finding {
	unkept, unfound := j.ledger.spill.troubles()
	if unkept != "" {
		j.doubt(LedgerNotSpilled, fmt.Sprintf("the ledger takes more memory than it may, %d MiB, and could not write the rest to a file: %s: "+
			"free space there or name another folder in TMPDIR, or allow it more (ledgerMemory in the profile)", j.ledger.spill.most>>20, unkept))
	}
	if unfound == "" {
		return findings
	}
	j.doubt(LedgerNotSpilled, fmt.Sprintf("a part of the ledger that had been written to a file could not be read: %s: nothing can be "+
		"judged: run it again on a sound disk (TMPDIR), or allow it more memory (ledgerMemory in the profile)", unfound))
	return []Finding{}
}
