package s3proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// Operation is the name of an operation as in the S3 API reference, such as "PutObject".
type Operation string

// The operations that rules and verdicts speak of. A request on a subresource that is not listed here has the name that the S3 API
// builds for it: "GetBucketAcl", "PutObjectTagging".
const (
	PutObject               Operation = "PutObject"
	GetObject               Operation = "GetObject"
	HeadObject              Operation = "HeadObject"
	DeleteObject            Operation = "DeleteObject"
	DeleteObjects           Operation = "DeleteObjects"
	CopyObject              Operation = "CopyObject"
	PostObject              Operation = "PostObject"
	ListBuckets             Operation = "ListBuckets"
	ListObjects             Operation = "ListObjects"
	ListObjectsV2           Operation = "ListObjectsV2"
	ListObjectVersions      Operation = "ListObjectVersions"
	CreateBucket            Operation = "CreateBucket"
	HeadBucket              Operation = "HeadBucket"
	DeleteBucket            Operation = "DeleteBucket"
	CreateMultipartUpload   Operation = "CreateMultipartUpload"
	UploadPart              Operation = "UploadPart"
	UploadPartCopy          Operation = "UploadPartCopy"
	CompleteMultipartUpload Operation = "CompleteMultipartUpload"
	AbortMultipartUpload    Operation = "AbortMultipartUpload"
	ListParts               Operation = "ListParts"
	ListMultipartUploads    Operation = "ListMultipartUploads"
	Unknown                 Operation = "Unknown"
)

// subresources are the query parameters that make a request one on a part of the configuration of a bucket or an object, and not on
// the object itself, with their names in the S3 API.
func subresources() map[string]string {
	return map[string]string{
		"acl": "Acl", "cors": "Cors", "encryption": "Encryption", "lifecycle": "Lifecycle", "location": "Location", "logging": "Logging",
		"notification": "Notification", "policy": "Policy", "replication": "Replication", "retention": "Retention", "tagging": "Tagging",
		"torrent": "Torrent", "versioning": "Versioning", "website": "Website", "accelerate": "Accelerate", "analytics": "Analytics",
		"attributes": "Attributes", "inventory": "Inventory", "metrics": "Metrics", "object-lock": "ObjectLock", "legal-hold": "LegalHold",
		"ownershipControls": "OwnershipControls", "policyStatus": "PolicyStatus", "publicAccessBlock": "PublicAccessBlock",
		"requestPayment": "RequestPayment", "restore": "Restore", "select": "Select",
	}
}

func subresource(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	known := subresources()
	for parameter := range query {
		if name := known[parameter]; name != "" {
			return name
		}
	}
	return ""
}

// identify returns the operation, bucket and key of a request with path-style addressing, or one that copies an object.
func identify(method string, target *url.URL, copies bool) (operation Operation, bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(target.Path, "/"), "/")
	var query url.Values
	if target.RawQuery != "" {
		query = target.Query()
	}
	switch {
	case bucket == "" && method == http.MethodGet:
		return ListBuckets, "", ""
	case bucket == "":
		return Unknown, "", ""
	case key == "":
		return onBucket(method, query), bucket, ""
	}
	return onObject(method, query, copies), bucket, key
}

func onBucket(method string, query url.Values) Operation {
	if part := subresource(query); part != "" {
		return named(method, "Bucket", part)
	}
	switch method {
	case http.MethodGet:
		switch {
		case query.Has("uploads"):
			return ListMultipartUploads
		case query.Has("versions"):
			return ListObjectVersions
		case query.Get("list-type") == "2":
			return ListObjectsV2
		}
		return ListObjects
	case http.MethodHead:
		return HeadBucket
	case http.MethodPut:
		return CreateBucket
	case http.MethodDelete:
		return DeleteBucket
	case http.MethodPost:
		if query.Has("delete") {
			return DeleteObjects
		}
		return PostObject
	}
	return Unknown
}

func onObject(method string, query url.Values, copies bool) Operation {
	if query.Has("uploadId") || query.Has("uploads") {
		return onUpload(method, query, copies)
	}
	if part := subresource(query); part != "" {
		return named(method, "Object", part)
	}
	switch method {
	case http.MethodGet:
		return GetObject
	case http.MethodHead:
		return HeadObject
	case http.MethodDelete:
		return DeleteObject
	case http.MethodPut:
		if copies {
			return CopyObject
		}
		return PutObject
	}
	return Unknown
}

func onUpload(method string, query url.Values, copies bool) Operation {
	switch {
	case method == http.MethodPost && query.Has("uploads"):
		return CreateMultipartUpload
	case method == http.MethodPost:
		return CompleteMultipartUpload
	case method == http.MethodPut && copies:
		return UploadPartCopy
	case method == http.MethodPut:
		return UploadPart
	case method == http.MethodDelete:
		return AbortMultipartUpload
	case method == http.MethodGet:
		return ListParts
	}
	return Unknown
}

func named(method, on, part string) Operation {
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete", http.MethodPost: "Post"}[method]
	if verb == "" {
		return Unknown
	}
	return Operation(verb + on + part)
}

// writes reports whether a success of the operation means that the object of its key is written.
func (o Operation) writes() bool {
	return o == PutObject || o == CopyObject || o == CompleteMultipartUpload
}

// mayFailLate reports whether S3 may answer the operation with 200 and an error in the body.
func (o Operation) mayFailLate() bool { return o == CopyObject || o == CompleteMultipartUpload }
