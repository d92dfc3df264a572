package api

import "github.com/danielgtaylor/huma/v2"

// rawObject is a JSON object that is passed on as it was stored.
type rawObject string

// MarshalJSON writes the object.
func (r rawObject) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("{}"), nil
	}
	return []byte(r), nil
}

// Schema describes it in the OpenAPI document.
func (rawObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
