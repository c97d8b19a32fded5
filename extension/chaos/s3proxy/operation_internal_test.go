package s3proxy

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, target string
		copies         bool
		want           Operation
		bucket, key    string
	}{
		{"GET", "/", false, ListBuckets, "", ""},
		{"POST", "/", false, Unknown, "", ""},
		{"PUT", "/b", false, CreateBucket, "b", ""},
		{"PUT", "/b/", false, CreateBucket, "b", ""},
		{"HEAD", "/b", false, HeadBucket, "b", ""},
		{"DELETE", "/b", false, DeleteBucket, "b", ""},
		{"GET", "/b?prefix=x", false, ListObjects, "b", ""},
		{"GET", "/b?list-type=2&prefix=a%2Fb", false, ListObjectsV2, "b", ""},
		{"GET", "/b?versions", false, ListObjectVersions, "b", ""},
		{"GET", "/b?uploads", false, ListMultipartUploads, "b", ""},
		{"GET", "/b?location", false, "GetBucketLocation", "b", ""},
		{"PUT", "/b?versioning", false, "PutBucketVersioning", "b", ""},
		{"DELETE", "/b?publicAccessBlock", false, "DeleteBucketPublicAccessBlock", "b", ""},
		{"POST", "/b?delete", false, DeleteObjects, "b", ""},
		{"POST", "/b", false, PostObject, "b", ""},
		{"PATCH", "/b", false, Unknown, "b", ""},
		{"GET", "/b/k", false, GetObject, "b", "k"},
		{"HEAD", "/b/k", false, HeadObject, "b", "k"},
		{"PUT", "/b/a/b%20c/%2Fd", false, PutObject, "b", "a/b c//d"},
		{"PUT", "/b/k?x-id=PutObject&X-Amz-Signature=ab", false, PutObject, "b", "k"},
		{"PUT", "/b/k?acl", false, "PutObjectAcl", "b", "k"},
		{"PUT", "/b/k?tagging", false, "PutObjectTagging", "b", "k"},
		{"PUT", "/b/k?legal-hold", false, "PutObjectLegalHold", "b", "k"},
		{"PUT", "/b/k", true, CopyObject, "b", "k"},
		{"DELETE", "/b/k?versionId=1", false, DeleteObject, "b", "k"},
		{"POST", "/b/k?uploads", false, CreateMultipartUpload, "b", "k"},
		{"PUT", "/b/k?uploadId=1&partNumber=2", false, UploadPart, "b", "k"},
		{"PUT", "/b/k?uploadId=1&partNumber=2", true, UploadPartCopy, "b", "k"},
		{"POST", "/b/k?uploadId=1", false, CompleteMultipartUpload, "b", "k"},
		{"DELETE", "/b/k?uploadId=1", false, AbortMultipartUpload, "b", "k"},
		{"GET", "/b/k?uploadId=1", false, ListParts, "b", "k"},
		{"POST", "/b/k?select", false, "PostObjectSelect", "b", "k"},
		{"PATCH", "/b/k", false, Unknown, "b", "k"},
		{"PATCH", "/b/k?acl", false, Unknown, "b", "k"},
		{"PATCH", "/b/k?uploadId=1", false, Unknown, "b", "k"},
	} {
		target, err := url.ParseRequestURI(test.target)
		require.NoError(t, err)
		operation, bucket, key := identify(test.method, target, test.copies)
		require.Equal(t, []any{test.want, test.bucket, test.key}, []any{operation, bucket, key}, "%s %s", test.method, test.target)
	}
}
