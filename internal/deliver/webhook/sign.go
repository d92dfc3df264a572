package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/deliver"
)

const secretPrefix = "whsec_"

// keyOf returns the bytes of a signing secret.
func keyOf(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 16 {
		return nil, errors.New("a signing secret is whsec_ and base64")
	}
	return key, nil
}

// Sign returns a message's signature, v1 of Standard Webhooks.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := keyOf(secret)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// signatures signs with the secret, and with the former one for as long as that
// one counts.
func signatures(secrets map[string]string, id string, at time.Time, body []byte) (string, error) {
	out, err := Sign(secrets[deliver.SigningSecret], id, at, body)
	if err != nil {
		return "", err
	}
	until, _ := strconv.ParseInt(secrets[deliver.FormerUntil], 10, 64)
	if former := secrets[deliver.FormerSecret]; former != "" && at.Unix() < until {
		second, err := Sign(former, id, at, body)
		if err != nil {
			return "", err
		}
		out += " " + second
	}
	return out, nil
}
