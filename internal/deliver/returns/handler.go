package returns

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
)

const (
	maxBody = 2 << 20
	atOnce  = 8 // bodies in memory
)

// errForged says that what came is not from its source.
var errForged = errors.New("the signature is not the source's")

// errGarbage says that what came cannot be read.
var errGarbage = errors.New("this is not what the source sends")

// Route answers for the hooks of all sources.
func (s *Store) Route(mux *http.ServeMux, logger *slog.Logger, wrap func(http.Handler) http.Handler) {
	slots := make(chan struct{}, atOnce)
	for _, source := range Sources {
		mux.Handle("POST /hooks/"+string(source)+"/{id}", wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			default:
				w.Header().Set("Retry-After", "5")
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			status := s.answer(w, r, source, logger)
			if status == http.StatusServiceUnavailable {
				w.Header().Set("Retry-After", "30")
			}
			if status != http.StatusOK {
				http.Error(w, http.StatusText(status), status)
				return
			}
			io.WriteString(w, "ok\n")
		})))
	}
}

// answer takes what a source sends, and returns the status for it. What is not about
// a mail that came back is fine too: sources send all kinds of events.
func (s *Store) answer(w http.ResponseWriter, r *http.Request, source Source, logger *slog.Logger) int {
	h, err := s.open(r.Context(), source, r.PathValue("id"))
	if errors.Is(err, deliver.ErrNotFound) {
		return http.StatusNotFound
	}
	if err != nil {
		logger.Warn("a mail hook cannot be read", "source", source, "error", db.Safe(err))
		return http.StatusServiceUnavailable
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	}
	reports, err := s.read(r.Context(), source, h.key, r.Header, body)
	switch {
	case errors.Is(err, errForged):
		logger.Warn("a mail hook was called without the signature of its source", "source", source, "destination", h.destination)
		return http.StatusUnauthorized
	case errors.Is(err, errGarbage):
		return http.StatusBadRequest
	case err != nil:
		logger.Warn("a mail hook cannot check what came", "source", source, "destination", h.destination, "error", db.Safe(err))
		return http.StatusServiceUnavailable
	}
	if err := s.take(r.Context(), h, reports); err != nil {
		logger.Warn("what a mail hook was told cannot be written down", "source", source, "error", db.Safe(err))
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}
