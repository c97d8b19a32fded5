package s3proxy

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"time"
)

// answer sends a client an error as S3 does (its API reference, "Error responses"). With closing, the client hears that its
// connection ends.
func answer(to net.Conn, r *request, status int, code, message string, closing bool) error {
	var body bytes.Buffer
	if r == nil || r.method != http.MethodHead { // an answer to HEAD has no body
		resource := ""
		if r != nil {
			resource = r.url.Path
		}
		body.WriteString(xml.Header)
		err := xml.NewEncoder(&body).Encode(struct {
			XMLName  xml.Name `xml:"Error"`
			Code     string
			Message  string
			Resource string
		}{Code: code, Message: message, Resource: resource})
		if err != nil {
			return err
		}
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nDate: %s\r\n",
		status, http.StatusText(status), body.Len(), time.Now().UTC().Format(http.TimeFormat))
	if closing {
		head.WriteString("Connection: close\r\n")
	}
	head.WriteString("\r\n")
	_, err := to.Write(append(head.Bytes(), body.Bytes()...))
	return err
}
