package ledger

import "bytes"

// IdentityKind is what [Ledger.Identify] makes of a record.
type IdentityKind uint8

// The kinds of identity.
const (
	Own       IdentityKind = iota // a record of this run, checksum and all
	Foreign                       // a record of another run
	Anonymous                     // a record without identity
	Corrupt                       // a record that differs from what was sent
	Unsent                        // a record that bears this run's identity, but was never sent
)

// Corruption says in what a corrupt record differs from what was sent.
type Corruption string

// The kinds of corruption.
const (
	WrongSum      Corruption = "checksum of the value"
	WrongLength   Corruption = "length of the value"
	WrongKey      Corruption = "key"
	WrongHeaders  Corruption = "headers"
	HeaderMissing Corruption = "identity header missing"
	HeaderTwice   Corruption = "identity header twice"
	HeaderInvalid Corruption = "identity header is no UUID"
	HeaderOther   Corruption = "identity header names another record than the value"
	SumInvalid    Corruption = "checksum header is no checksum"
	NotEnvelope   Corruption = "value lost its envelope"
)

// Identity is the answer of [Ledger.Identify].
type Identity struct {
	Kind IdentityKind
	// Serial is the record's, if Known. For a corrupt record it is the best guess at which one it was.
	Serial Serial
	Known  bool
	Why    Corruption // of a corrupt record
}

// Identify tells whose record this is and whether it is as it was sent. It neither allocates nor records anything.
func (l *Ledger) Identify(r Record) Identity { return identify(l.run, &r) }

// UUID is the text of a record's identity, "" if it has none of this run.
func (l *Ledger) UUID(r Record) string {
	if id := identify(l.run, &r); id.Known {
		return l.uuidOf(id.Serial)
	}
	return ""
}

func identify(run runBits, r *Record) Identity {
	var id, sum *Header
	others, twice := 0, false
	for i := range r.Headers {
		switch h := &r.Headers[i]; h.Key {
		case HeaderID:
			twice = twice || id != nil
			id = h
		case HeaderSum:
			twice = twice || sum != nil
			sum = h
		default:
			others++
		}
	}
	switch {
	case id == nil:
		return identifyBare(run, r, sum != nil)
	case twice:
		return suspect(run, id.Value, HeaderTwice)
	case sum != nil:
		return identifyStamped(run, r, id.Value, sum.Value)
	}
	return identifyMade(run, r, id.Value, others)
}

// identifyMade is the path of nearly all records: one header, and a value that repeats it.
func identifyMade(run runBits, r *Record, header []byte, others int) Identity {
	inside, sum, payload, enveloped := openEnvelope(r.Value)
	id, ok := parseUUID(header)
	if !enveloped {
		if ok && id.high != uint64(run) {
			return Identity{Kind: Foreign} // another run's stamp, or whatever it likes to put there
		}
		return suspect(run, header, NotEnvelope)
	}
	if !ok || !bytes.Equal(header, inside) {
		return differs(run, r.Key, header, inside, sum, payload)
	}
	own := id.high == uint64(run)
	if contentSum(header, r.Key, payload) != sum {
		return Identity{Kind: Corrupt, Serial: id.serial(), Known: own, Why: explainSum(id, header, r.Key, sum, payload)}
	}
	if !own {
		return Identity{Kind: Foreign}
	}
	if others > 0 {
		return Identity{Kind: Corrupt, Serial: id.serial(), Known: true, Why: WrongHeaders}
	}
	return Identity{Kind: Own, Serial: id.serial(), Known: true}
}

// differs is for a header that is not what the value says: the value is believed if its checksum proves it, else the header.
func differs(run runBits, key, header, inside []byte, sum uint32, payload []byte) Identity {
	why := HeaderOther
	if _, ok := parseUUID(header); !ok {
		why = HeaderInvalid
	}
	if _, ok := parseUUID(inside); ok && contentSum(inside, key, payload) == sum {
		return suspect(run, inside, why)
	}
	if _, ok := parseUUID(header); ok && contentSum(header, key, payload) == sum {
		why = WrongSum // the UUID inside the value is what was changed
	}
	if why == HeaderInvalid {
		return suspect(run, inside, why)
	}
	return suspect(run, header, why)
}

// identifyStamped checks a record that a script made and the ledger stamped.
func identifyStamped(run runBits, r *Record, header, sumText []byte) Identity {
	id, ok := parseUUID(header)
	if !ok {
		return suspect(run, header, HeaderInvalid)
	}
	own := id.high == uint64(run)
	sum, ok := parseSum(sumText)
	switch {
	case !ok:
		return suspect(run, header, SumInvalid)
	case stampSum(header, r.Key, r.Value, r.Headers) != sum:
		return suspect(run, header, WrongSum)
	case !own:
		return Identity{Kind: Foreign}
	}
	return Identity{Kind: Own, Serial: id.serial(), Known: true}
}

// identifyBare is for a record without identity header: one of ours that lost it, or nobody's.
func identifyBare(run runBits, r *Record, hasSum bool) Identity {
	inside, _, _, enveloped := openEnvelope(r.Value)
	if !enveloped && !hasSum {
		return Identity{Kind: Anonymous}
	}
	return suspect(run, inside, HeaderMissing)
}

// suspect is a corrupt record that says to be the one of this UUID.
func suspect(run runBits, text []byte, why Corruption) Identity {
	id, ok := parseUUID(text)
	if !ok || id.high != uint64(run) {
		return Identity{Kind: Corrupt, Why: why}
	}
	return Identity{Kind: Corrupt, Serial: id.serial(), Known: true, Why: why}
}
