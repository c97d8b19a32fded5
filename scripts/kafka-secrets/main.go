// kafka-secrets fills a folder with what a secured Kafka and its clients need: an authority, certificates of the server and of each
// user, a password and a token for each user, and how Kafka is told of them. All files can be read by their owner alone.
//
//	go run ./scripts/kafka-secrets FOLDER USER…
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k6suite/extension/certs"
)

// tokenLife is longer than anybody leaves such a Kafka running.
const tokenLife = 7 * 24 * time.Hour

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: kafka-secrets FOLDER USER…")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "kafka-secrets:", err)
		os.Exit(1)
	}
}

func run(folder string, users []string) error {
	files := map[string][]byte{}
	if err := certificates(files, users); err != nil {
		return err
	}
	if err := credentials(files, users); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func certificates(files map[string][]byte, users []string) error {
	authority, err := certs.NewAuthority("k6suite authority")
	if err != nil {
		return err
	}
	files["ca.pem"] = authority.PEM()
	server, err := authority.Issue(certs.Subject{Name: "kafka", Hosts: []string{"127.0.0.1", "localhost"}})
	if err != nil {
		return err
	}
	files["server.pem"] = append(server.Key, server.Cert...) // Kafka wants both in one
	for _, user := range users {
		client, err := authority.Issue(certs.Subject{Name: user})
		if err != nil {
			return err
		}
		files[user+".cert.pem"], files[user+".key.pem"] = client.Cert, client.Key
	}
	return nil
}

// credentials makes a password and a token a user. Kafka reads the former from the arguments of a command, which it takes from a file
// so that no list of processes shows them, and from the options of its login module for PLAIN.
func credentials(files map[string][]byte, users []string) error {
	var scram, plain strings.Builder
	for _, user := range users {
		if strings.Trim(user, "abcdefghijklmnopqrstuvwxyz") != "" || user == "" {
			return errors.New("a user's name is made of small letters here")
		}
		var random [16]byte
		_, _ = rand.Read(random[:])
		password := hex.EncodeToString(random[:])
		files[user+".password"] = []byte(password + "\n")
		token, err := unsecured(user)
		if err != nil {
			return err
		}
		files[user+".token"] = []byte(token + "\n")
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			fmt.Fprintf(&scram, "--add-scram\n%s=[name=%s,password=%s]\n", mechanism, user, password)
		}
		fmt.Fprintf(&plain, " user_%s=\"%s\"", user, password)
	}
	files["format.arguments"] = []byte(scram.String())
	files["plain.options"] = []byte(plain.String())
	return nil
}

// unsecured makes a token that nobody has signed (RFC 7515, appendix A.5), which is what Kafka takes where it is given no keys.
func unsecured(user string) (string, error) {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{"sub": user, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + ".", nil
}
