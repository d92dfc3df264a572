package workspace

// Role is what a member of staff may do in a workspace.
type Role string

// The roles, each with less to do than the one before.
const (
	Owner   Role = "owner"   // everything, also who else is an owner
	Admin   Role = "admin"   // settings, keys and staff
	Analyst Role = "analyst" // reads everything
	Agent   Role = "agent"   // talks with customers
)

// Roles lists them all.
var Roles = []Role{Owner, Admin, Analyst, Agent}
