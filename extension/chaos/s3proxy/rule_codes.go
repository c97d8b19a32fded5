package s3proxy

import (
	"maps"
	"net/http"
	"slices"
)

// codes are the error codes of S3 that there is a status for, as in its API reference. Where several have one status, defaultCode
// says which one a rule with the status alone answers.
func codes() map[string]int {
	return map[string]int{
		"PermanentRedirect":          http.StatusMovedPermanently,
		"TemporaryRedirect":          http.StatusTemporaryRedirect,
		"BadDigest":                  http.StatusBadRequest,
		"EntityTooLarge":             http.StatusBadRequest,
		"ExpiredToken":               http.StatusBadRequest,
		"IncompleteBody":             http.StatusBadRequest,
		"InvalidArgument":            http.StatusBadRequest,
		"InvalidDigest":              http.StatusBadRequest,
		"InvalidPart":                http.StatusBadRequest,
		"InvalidRequest":             http.StatusBadRequest,
		"RequestTimeout":             http.StatusBadRequest,
		"AccessDenied":               http.StatusForbidden,
		"InvalidAccessKeyId":         http.StatusForbidden,
		"InvalidObjectState":         http.StatusForbidden,
		"RequestTimeTooSkewed":       http.StatusForbidden,
		"SignatureDoesNotMatch":      http.StatusForbidden,
		"NoSuchBucket":               http.StatusNotFound,
		"NoSuchKey":                  http.StatusNotFound,
		"NoSuchUpload":               http.StatusNotFound,
		"NoSuchVersion":              http.StatusNotFound,
		"MethodNotAllowed":           http.StatusMethodNotAllowed,
		"BucketAlreadyExists":        http.StatusConflict,
		"BucketAlreadyOwnedByYou":    http.StatusConflict,
		"BucketNotEmpty":             http.StatusConflict,
		"ConditionalRequestConflict": http.StatusConflict,
		"OperationAborted":           http.StatusConflict,
		"MissingContentLength":       http.StatusLengthRequired,
		"PreconditionFailed":         http.StatusPreconditionFailed,
		"InvalidRange":               http.StatusRequestedRangeNotSatisfiable,
		"TooManyRequests":            http.StatusTooManyRequests,
		"InternalError":              http.StatusInternalServerError,
		"NotImplemented":             http.StatusNotImplemented,
		"BadGateway":                 http.StatusBadGateway,
		"ServiceUnavailable":         http.StatusServiceUnavailable,
		"SlowDown":                   http.StatusServiceUnavailable,
		"GatewayTimeout":             http.StatusGatewayTimeout,
	}
}

// defaultCode is the code that S3 has for a status, "" if there is none.
func defaultCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "InvalidRequest"
	case http.StatusForbidden:
		return "AccessDenied"
	case http.StatusNotFound:
		return "NoSuchKey"
	case http.StatusConflict:
		return "OperationAborted"
	case http.StatusServiceUnavailable:
		return "SlowDown"
	}
	known := codes()
	for _, code := range slices.Sorted(maps.Keys(known)) {
		if known[code] == status {
			return code
		}
	}
	return ""
}

// answerCode is the status and code that the rule answers with; status is 0 if it answers with none.
func (r Rule) answerCode() (status int, code string) {
	status, code = r.Status, r.Code
	if code == "" {
		code = defaultCode(status)
	}
	if status == 0 {
		status = codes()[code]
	}
	return status, code
}
