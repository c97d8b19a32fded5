package s3proxy

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxListing bounds a listing that is changed. One page has at most a thousand keys of at most 1,024 bytes.
const maxListing = 16 << 20

// planStale takes out of a listing what was not there at a time.
func (d *delivery) planStale(t *turn) {
	r := d.response
	if !d.done() || r.body.empty() || r.body.toEnd || field(r.head, "Content-Encoding") != "" || d.rest != nil {
		return
	}
	c, whole, rest, err := r.body.capture(d.link.in, maxListing)
	d.begun, d.rest = c.raw, rest
	if err != nil || !whole {
		return // passed on as it is, and as far as it goes
	}
	since := t.fault.began
	if t.rule().Delay > 0 {
		since = time.Now().Add(-time.Duration(t.rule().Delay))
	}
	urls := bytes.Contains(c.plain, []byte("<EncodingType>url</EncodingType>"))
	cut, removed := withoutKeys(c.plain, func(key string) bool {
		return d.line.proxy.log.bornAfter(d.entry.Bucket, plainKey(key, urls), since)
	})
	if removed == 0 {
		return
	}
	d.act(t, AtResponse, int64(len(c.plain)-len(cut)))
	r.head, r.body = withLength(r.head, len(cut)), framing{length: int64(len(cut))}
	d.begun, d.rest = cut, bytes.NewReader(nil)
}

// withoutKeys gives the XML of a listing without the entries of some keys, and how many these are. All else stays as it is, byte for
// byte, but for the number of keys.
func withoutKeys(listing []byte, without func(key string) bool) (out []byte, removed int) {
	decoder := xml.NewDecoder(bytes.NewReader(listing))
	var count [2]int64 // where the number of keys stands
	from := int64(0)
	for {
		begin := decoder.InputOffset()
		token, err := decoder.Token()
		if err == io.EOF { //nolint:errorlint // a decoder returns it as it is
			break
		}
		if err != nil {
			return listing, 0
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch element.Name.Local {
		case "KeyCount":
			count[0] = decoder.InputOffset()
			_, _ = decoder.Token()
			count[1] = decoder.InputOffset()
		case "Contents":
			var entry struct{ Key string }
			if decoder.DecodeElement(&entry, &element) != nil {
				return listing, 0
			}
			if without(entry.Key) {
				out = append(out, listing[from:begin]...)
				from = decoder.InputOffset()
				removed++
			}
		}
	}
	out = append(out, listing[from:]...)
	return recount(listing, out, count, removed), removed
}

func plainKey(key string, urls bool) string {
	if urls {
		if plain, err := url.QueryUnescape(key); err == nil {
			return plain
		}
	}
	return key
}

// recount corrects the number of keys that a listing says.
func recount(listing, out []byte, count [2]int64, removed int) []byte {
	text := listing[count[0]:count[1]]
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || removed == 0 {
		return out // there is none, as in the first version of listings
	}
	const begin, end = "<KeyCount>", "</KeyCount>"
	return bytes.Replace(out, []byte(begin+string(text)+end), []byte(begin+strconv.Itoa(n-removed)+end), 1)
}
