//go:build !unix

package s3backend

import "os"

// lockFolder only creates the file: there is no flock here, and two servers on one folder are the user's to avoid.
func lockFolder(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
