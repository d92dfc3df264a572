package web

import (
	"fmt"
	"net/http"
	"strings"
)

// BearerKey returns the key of an Authorization header "Bearer KEY".
func BearerKey(authorization string) (string, bool) {
	scheme, key, ok := strings.Cut(authorization, " ")
	key = strings.TrimSpace(key)
	return key, ok && strings.EqualFold(scheme, "Bearer") && key != ""
}

// Authorize returns what the key in an Authorization header opens, if that
// allows the scope. The error is a *Problem: 401 without a valid key, 403
// without the scope, each with the challenge of RFC 6750.
func Authorize[S fmt.Stringer, E interface{ Allows(S) bool }](authorization string, lookup func(key string) (E, bool), scope S) (E, error) {
	var none E
	key, ok := BearerKey(authorization)
	if !ok {
		return none, NewProblem(http.StatusUnauthorized, "send a secret key: Authorization: Bearer sk_...").
			With("WWW-Authenticate", `Bearer realm="dhvani"`)
	}
	e, ok := lookup(key)
	if !ok {
		return none, NewProblem(http.StatusUnauthorized, "the key is unknown or revoked").
			With("WWW-Authenticate", `Bearer realm="dhvani", error="invalid_token"`)
	}
	if !e.Allows(scope) {
		return none, NewProblem(http.StatusForbidden, fmt.Sprintf("the key lacks the scope %s", scope)).
			With("WWW-Authenticate", fmt.Sprintf(`Bearer realm="dhvani", error="insufficient_scope", scope="%s"`, scope))
	}
	return e, nil
}
