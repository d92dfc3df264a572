package returns

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"
)

// verify checks a signature by a certificate that counts now. x509 itself takes no
// SHA-1 any more, which SNS uses where nobody asked for more: it is bound to a text
// that only Amazon can have written, and to an address that nobody can guess.
func verify(c *x509.Certificate, algorithm x509.SignatureAlgorithm, text, signature []byte, now time.Time) error {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return errors.New("the certificate does not count")
	}
	if algorithm == x509.SHA1WithRSA {
		sum := sha1.Sum(text)
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	}
	sum := sha256.Sum256(text)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}
