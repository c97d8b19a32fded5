package s3proxy

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// maxErrorSize bounds what is read of an answer to find an error in it. Such answers are a few hundred bytes.
	maxErrorSize = 1 << 20
	// maxDeletes bounds the body of a DeleteObjects that is read to know the keys. S3 allows a thousand of them.
	maxDeletes = 2 << 20
)

// exchange is one request and its answer.
type exchange struct {
	line    *line
	request *request
	entry   Entry
	turns   []*turn   // of faults that act later on
	body    []byte    // of the request, where it was read
	slow    io.Reader // the same, where a fault slows it down
	deleted []string  // by a DeleteObjects; nil: not known
}

func (x *exchange) describe() {
	e, r := &x.entry, x.request
	e.Operation, e.Bucket, e.Key, e.Request = r.operation, r.bucket, r.key, r.size()
	if r.body.chunked {
		e.Request = -1
	}
}

// discard reads the rest of the request. It is an error if there is one that the client does not send.
func (x *exchange) discard() error {
	if x.request.body.empty() {
		return nil
	}
	if x.request.expects {
		return http.ErrBodyNotAllowed
	}
	_, err := io.Copy(io.Discard, x.request.body.reader(x.line.in))
	return err
}

// prepare makes the request ready to be sent on.
func (x *exchange) prepare() error {
	if err := x.readDeletes(); err != nil {
		return err
	}
	x.slow = x.throttled()
	return nil
}

// readDeletes reads which objects a DeleteObjects deletes.
func (x *exchange) readDeletes() error {
	if r := x.request; r.operation != DeleteObjects || !r.body.known() || r.body.length > maxDeletes || r.expects {
		return nil
	}
	if err := x.keep(); err != nil {
		return err
	}
	var wanted struct {
		Object []struct{ Key string }
	}
	if xml.Unmarshal(x.body, &wanted) != nil {
		return nil //nolint:nilerr // what it says stays unknown; the upstream may understand it
	}
	x.deleted = []string{}
	for _, o := range wanted.Object {
		x.deleted = append(x.deleted, o.Key)
	}
	return nil
}

// keep reads the body of the request, of known length, into memory.
func (x *exchange) keep() error {
	x.body = make([]byte, x.request.body.length)
	_, err := io.ReadFull(x.line.in, x.body)
	return err
}

// upload sends the request on.
func (x *exchange) upload(to net.Conn) error {
	r, l := x.request, x.line
	if x.slow != nil {
		if _, err := to.Write(r.head); err != nil {
			return err
		}
		_, err := io.Copy(plainWriter{to}, x.slow)
		return err
	}
	if x.body != nil {
		_, err := to.Write(append(r.head, x.body...))
		return err
	}
	_, err := r.body.pass(to, l.client, l.in, r.head)
	return err
}

// fail ends an exchange to which the upstream has given no answer.
func (x *exchange) fail(err error) {
	x.settle()
	x.entry.End, x.entry.Status = time.Now(), 0
	if err != nil {
		x.entry.Err = err.Error()
	}
	x.closed(x.line.proxy.log.add(x.entry, nil), 0, nil)
}

// closed enters how the exchange ended.
func (x *exchange) closed(number uint64, passed int64, err error) {
	log := x.line.proxy.log
	log.finish(number, passed, err)
	if log.lines == nil {
		return
	}
	x.entry.Response = passed
	if err != nil {
		x.entry.Err = err.Error()
	}
	log.lines.write(x.entry)
}

// answer passes the upstream's answer on, or what faults make of it. It reports whether the connections live on.
func (x *exchange) answer(k *link, r *response) bool {
	e := &x.entry
	e.Status, e.Told, e.ETag = r.status, r.status, r.etag
	d := &delivery{exchange: x, link: k, response: r}
	if r.status >= http.StatusBadRequest || e.Operation.mayFailLate() {
		if err := d.look(); err != nil {
			e.Told = 0
			x.fail(fmt.Errorf("the answer ended early: %w", err))
			return false
		}
	}
	e.End = time.Now()
	d.plan()
	number := x.line.proxy.log.add(*e, x.deleted)
	passed, keep, err := d.carryOut()
	x.settle()
	x.closed(number, passed, err)
	return keep && err == nil && !r.closing && !r.body.toEnd && !x.request.closing
}

// delivery is an answer on its way to the client.
type delivery struct {
	*exchange

	link     *link
	response *response
	begun    []byte    // of the body, what was read
	rest     io.Reader // of it, after begun; nil: nothing was read
	holds    []*turn   // delays
	end      *turn     // of the fault that ends it in its way, nil: none
	shapes   []shape   // of faults that act on the body
}

// look searches the answer for an error, or the ETag of a copy.
func (d *delivery) look() error {
	if d.response.body.empty() {
		return nil
	}
	c, whole, rest, err := d.response.body.capture(d.link.in, maxErrorSize)
	if err != nil {
		return err
	}
	d.begun, d.rest = c.raw, rest
	if !whole {
		return nil
	}
	code, etag := readAnswer(c.plain)
	d.entry.ErrorCode = code
	if etag != "" {
		d.entry.ETag = etag
	}
	return nil
}

// readAnswer gives the code of an error of S3, and the ETag of the answer to a copy. What is no XML, and from no S3 server, has neither.
func readAnswer(body []byte) (code, etag string) {
	var found struct {
		XMLName    xml.Name
		Code, ETag string
	}
	if xml.Unmarshal(body, &found) != nil {
		return "", ""
	}
	if found.XMLName.Local == "Error" {
		return found.Code, ""
	}
	return "", strings.Trim(found.ETag, `"`)
}

// reader gives the whole body, as it travels.
func (d *delivery) reader() io.Reader {
	if d.rest == nil {
		return d.response.body.reader(d.link.in)
	}
	return io.MultiReader(bytes.NewReader(d.begun), d.rest)
}
