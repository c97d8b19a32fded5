package s3backend

import (
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

// Unchunk hands requests on without the framing of SigV4 streaming uploads (aws-chunked), of which gofakes3 knows only one kind, and
// that only for PutObject: every other would be stored with the frames in it. The framing is that of HTTP chunks, with the signatures
// as chunk extensions and a checksum as trailer; neither is verified, like no signature here.
func Unchunk(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
			size := r.Header.Get("X-Amz-Decoded-Content-Length")
			length, err := strconv.ParseInt(size, 10, 64)
			if err != nil || length < 0 {
				http.Error(w, "aws-chunked without its length in X-Amz-Decoded-Content-Length", http.StatusLengthRequired)
				return
			}
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			r.Header.Set("Content-Length", size)
			r.ContentLength = length
			r.Body = struct {
				io.Reader
				io.Closer
			}{httputil.NewChunkedReader(r.Body), r.Body}
		}
		next.ServeHTTP(w, r)
	})
}
