package console

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/staff"
)

// cookieName of the session: the prefix has browsers accept it only from this
// host, over HTTPS, for all paths.
const cookieName = "__Host-dhvani"

// signedIn returns who sent a request, or staff.ErrNoSession.
func (c *Console) signedIn(r *http.Request) (staff.Person, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return staff.Person{}, staff.ErrNoSession
	}
	return c.Sessions.Session(r.Context(), cookie.Value)
}
