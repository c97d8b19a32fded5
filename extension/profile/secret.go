package profile

import (
	"fmt"
	"os"
	"strings"
)

// SASL is how a client proves who it is. Exactly one of PasswordEnv and PasswordFile is set, with OAUTHBEARER exactly one of TokenEnv,
// TokenFile and TokenEndpoint.
type SASL struct {
	Mechanism     string         `json:"mechanism"` // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER
	User          string         `json:"user,omitempty"`
	PasswordEnv   string         `json:"passwordEnv,omitempty"`
	PasswordFile  string         `json:"passwordFile,omitempty"`
	TokenEnv      string         `json:"tokenEnv,omitempty"`
	TokenFile     string         `json:"tokenFile,omitempty"`
	TokenEndpoint *TokenEndpoint `json:"tokenEndpoint,omitempty"`
}

// TokenEndpoint is where tokens are had from. Exactly one of SecretEnv and SecretFile is set.
type TokenEndpoint struct {
	URL        string `json:"url"`
	ClientID   string `json:"clientId"`
	SecretEnv  string `json:"secretEnv,omitempty"`
	SecretFile string `json:"secretFile,omitempty"`
	Scope      string `json:"scope,omitempty"`
	CAFile     string `json:"caFile,omitempty"`
}

// Lookup finds an environment variable; os.LookupEnv is one.
type Lookup func(name string) (string, bool)

// Password reads the password from where the profile says it is. Errors name the place, never the password.
func (s *SASL) Password(env Lookup) (string, error) {
	if s.PasswordEnv != "" {
		return secret(env, s.PasswordEnv, "client.sasl.passwordEnv")
	}
	text, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("client.sasl.passwordFile: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return "", fmt.Errorf("client.sasl.passwordFile: %s is empty: write the password of %s into it", s.PasswordFile, s.User)
	}
	return password, nil
}

// Credentials reads the access key and the secret key from the variables that the profile names. Anonymous stores have none.
func (o *ObjectStore) Credentials(env Lookup) (access, secretKey string, err error) {
	if o.Anonymous {
		return "", "", nil
	}
	if access, err = secret(env, o.AccessKeyEnv, "objectStore.accessKeyEnv"); err != nil {
		return "", "", err
	}
	if secretKey, err = secret(env, o.SecretKeyEnv, "objectStore.secretKeyEnv"); err != nil {
		return "", "", err
	}
	return access, secretKey, nil
}

func secret(env Lookup, name, key string) (string, error) {
	if env == nil {
		env = os.LookupEnv
	}
	value, ok := env(name)
	if !ok || value == "" {
		return "", fmt.Errorf("%s: environment variable %s is not set: set it, or name another", key, name)
	}
	return value, nil
}
