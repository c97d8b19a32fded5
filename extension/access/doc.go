// Package access asks a target, in the name of several principals, for everything that access control is about: on what is theirs and on
// what is not. It judges nothing: it says of each request whether its principal may, and how it ended.
package access
