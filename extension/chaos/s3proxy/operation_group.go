package s3proxy

import (
	"slices"
	"strings"
)

// operations are all operations with a name of their own.
func operations() []Operation {
	return []Operation{
		PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects, CopyObject, PostObject, ListBuckets, ListObjects, ListObjectsV2,
		ListObjectVersions, CreateBucket, HeadBucket, DeleteBucket, CreateMultipartUpload, UploadPart, UploadPartCopy,
		CompleteMultipartUpload, AbortMultipartUpload, ListParts, ListMultipartUploads,
	}
}

// objectWriters are the operations that can write an object.
func objectWriters() []Operation {
	return []Operation{PutObject, CopyObject, PostObject, CompleteMultipartUpload}
}

// groups are the names of several operations.
func groups() []string {
	return []string{"GET", "PUT", "HEAD", "DELETE", "LIST", "multipart", "read", "write", "*"}
}

// in reports whether the operation belongs to a group.
func (o Operation) in(group string) bool {
	switch group {
	case "GET":
		return o == GetObject
	case "PUT":
		return o == PutObject || o == CopyObject || o == PostObject
	case "HEAD":
		return o == HeadObject || o == HeadBucket
	case "DELETE":
		return o == DeleteObject || o == DeleteObjects
	case "LIST":
		return o.lists() || o == ListBuckets
	case "multipart":
		return o.multipart()
	case "read":
		return o.reads()
	case "write":
		return !o.reads() && o != Unknown
	}
	return group == "*"
}

// lists reports whether the operation lists what is in a bucket.
func (o Operation) lists() bool {
	return o == ListObjects || o == ListObjectsV2 || o == ListObjectVersions
}

func (o Operation) multipart() bool {
	return slices.Contains([]Operation{
		CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload, ListParts, ListMultipartUploads,
	}, o)
}

// reads reports whether the operation changes nothing.
func (o Operation) reads() bool {
	return strings.HasPrefix(string(o), "Get") || strings.HasPrefix(string(o), "Head") || strings.HasPrefix(string(o), "List") ||
		o == "PostObjectSelect"
}

// bodiless reports whether requests of the operation never have a body.
func (o Operation) bodiless() bool {
	return o != "PostObjectSelect" && o.reads() || slices.Contains([]Operation{
		DeleteObject, CopyObject, DeleteBucket, CreateMultipartUpload, UploadPartCopy, AbortMultipartUpload,
	}, o)
}

// named reports whether requests of the operation name an object, or the prefix of some.
func (o Operation) named() bool {
	switch o {
	case ListBuckets, CreateBucket, HeadBucket, DeleteBucket, PostObject, DeleteObjects:
		return false
	}
	for _, verb := range []string{"Get", "Put", "Delete", "Post"} {
		if name, ok := strings.CutPrefix(string(o), verb+"Bucket"); ok && name != "" {
			return false
		}
	}
	return true
}

// subresourceOperation reports whether a name is one of an operation on a subresource, such as "PutObjectTagging".
func subresourceOperation(name string) bool {
	for _, verb := range []string{"Get", "Put", "Delete", "Post"} {
		for _, on := range []string{"Bucket", "Object"} {
			part, ok := strings.CutPrefix(name, verb+on)
			for _, known := range subresources() {
				if ok && part == known {
					return true
				}
			}
		}
	}
	return false
}
