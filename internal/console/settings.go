package console

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
)

func (c *Console) settingsRoutes() []route {
	const at = "/w/{workspace}/settings"
	return []route{
		{pattern: "GET " + at, right: staff.See, handle: c.settings},
		{pattern: "GET " + at + "/general", right: staff.Configure, handle: c.generalPage},
		{pattern: "POST " + at + "/general", right: staff.Configure, handle: c.setGeneral},
		{pattern: "GET " + at + "/hours", right: staff.Configure, handle: c.hoursPage},
		{pattern: "POST " + at + "/hours", right: staff.Configure, handle: c.setHours},
		{pattern: "POST " + at + "/holidays", right: staff.Configure, handle: c.addHoliday},
		{pattern: "POST " + at + "/holidays/{date}/remove", right: staff.Configure, handle: c.removeHoliday},
		{pattern: "GET " + at + "/people", right: staff.People, handle: c.peoplePage},
		{pattern: "POST " + at + "/people/invite", right: staff.People, handle: c.invite},
		{pattern: "POST " + at + "/people/{account}/role", right: staff.People, handle: c.setRole},
		{pattern: "POST " + at + "/people/{account}/remove", right: staff.People, handle: c.removePerson},
		{pattern: "POST " + at + "/invitations/{id}/withdraw", right: staff.People, handle: c.withdraw},
		{pattern: "GET " + at + "/keys", right: staff.Configure, handle: c.keysPage},
		{pattern: "POST " + at + "/keys", right: staff.Configure, handle: c.createKey},
		{pattern: "POST " + at + "/keys/{id}/revoke", right: staff.Configure, handle: c.revokeKey},
		{pattern: "POST " + at + "/identity", right: staff.Configure, handle: c.showIdentity},
		{pattern: "POST " + at + "/identity/rotate", right: staff.Configure, handle: c.rotateIdentity},
		{pattern: "GET " + at + "/outgoing", right: staff.Configure, handle: c.outgoingPage},
		{pattern: "POST " + at + "/outgoing", right: staff.Configure, handle: c.createDestination},
		{pattern: "GET " + at + "/outgoing/new", right: staff.Configure, handle: c.newDestination},
		{pattern: "GET " + at + "/outgoing/failed", right: staff.Configure, handle: c.failedMessages},
		{pattern: "POST " + at + "/outgoing/address", right: staff.Configure, handle: c.checkAddress},
		{pattern: "POST " + at + "/outgoing/address/lift", right: staff.Configure, handle: c.liftAddress},
		{pattern: "GET " + at + "/outgoing/{destination}", right: staff.Configure, handle: c.destinationPage},
		{pattern: "GET " + at + "/outgoing/{destination}/stream", right: staff.Configure, handle: c.destinationStream},
		{pattern: "GET " + at + "/outgoing/{destination}/settings", right: staff.Configure, handle: c.destinationSettings},
		{pattern: "POST " + at + "/outgoing/{destination}/settings", right: staff.Configure, handle: c.changeDestination},
		{pattern: "POST " + at + "/outgoing/{destination}/secret", right: staff.Configure, handle: c.rotateSecret},
		{pattern: "POST " + at + "/outgoing/{destination}/hook", right: staff.Configure, handle: c.makeHook},
		{pattern: "POST " + at + "/outgoing/{destination}/hook/remove", right: staff.Configure, handle: c.removeHook},
		{pattern: "POST " + at + "/outgoing/{destination}/test", right: staff.Configure, handle: c.testDestination},
		{pattern: "POST " + at + "/outgoing/{destination}/pause", right: staff.Configure, handle: c.pauseDestination},
		{pattern: "POST " + at + "/outgoing/{destination}/resume", right: staff.Configure, handle: c.resumeDestination},
		{pattern: "POST " + at + "/outgoing/{destination}/delete", right: staff.Configure, handle: c.deleteDestination},
		{pattern: "POST " + at + "/outgoing/{destination}/again", right: staff.Configure, handle: c.allAgain},
		{pattern: "POST " + at + "/outgoing/{destination}/messages/{message}/again", right: staff.Configure, handle: c.messageAgain},
		{pattern: "GET " + at + "/telling", right: staff.Configure, handle: c.tellingPage},
		{pattern: "GET " + at + "/telling-new", right: staff.Configure, handle: c.rulePage},
		{pattern: "POST " + at + "/telling-new", right: staff.Configure, handle: c.saveRule},
		{pattern: "POST " + at + "/telling-verdict", right: staff.Configure, handle: c.withdrawVerdict},
		{pattern: "GET " + at + "/telling/{rule}", right: staff.Configure, handle: c.rulePage},
		{pattern: "POST " + at + "/telling/{rule}", right: staff.Configure, handle: c.saveRule},
		{pattern: "POST " + at + "/telling/{rule}/test", right: staff.Configure, handle: c.testRule},
		{pattern: "POST " + at + "/telling/{rule}/delete", right: staff.Configure, handle: c.deleteRule},
		{pattern: "GET " + at + "/playbooks", right: staff.Configure, handle: c.playbooksPage},
		{pattern: "GET " + at + "/playbooks/{playbook}", right: staff.Configure, handle: c.playbookPage},
		{pattern: "POST " + at + "/playbooks/{playbook}", right: staff.Configure, handle: c.savePlaybook},
		{pattern: "POST " + at + "/playbooks/{playbook}/reset", right: staff.Configure, handle: c.resetPlaybook},
		{pattern: "GET " + at + "/texts", right: staff.See, handle: c.textsPage},
		{pattern: "GET " + at + "/account", right: staff.See, handle: c.accountPage},
		{pattern: "POST " + at + "/account", right: staff.See, handle: c.setPreferences},
		{pattern: "POST " + at + "/account/password", right: staff.See, handle: c.setPassword},
		{pattern: "POST " + at + "/account/second", right: staff.See, handle: c.beginSecond},
		{pattern: "POST " + at + "/account/second/confirm", right: staff.See, handle: c.confirmSecond},
		{pattern: "POST " + at + "/account/second/codes", right: staff.See, handle: c.newCodes},
		{pattern: "POST " + at + "/account/second/off", right: staff.See, handle: c.endSecond},
		{pattern: "POST " + at + "/account/sessions/{id}/end", right: staff.See, handle: c.endSession},
		{pattern: "POST " + at + "/account/sessions/end", right: staff.See, handle: c.endOthers},
		{pattern: "GET " + at + "/audit", right: staff.Audit, handle: c.auditPage},
	}
}

// settings leads to the first section that the viewer may see.
func (c *Console) settings(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	leave(w, r, v, v.URL("settings", sections(v)[0].name))
	return nil
}

// section is a part of the settings.
type section struct{ name, icon, label string }

// sections lists those that the viewer may see.
func sections(v *ui.Viewer) []section {
	var out []section
	for _, s := range []struct {
		section
		right staff.Right
	}{
		{section{"general", "store", v.T("settings.general")}, staff.Configure},
		{section{"hours", "clock", v.T("settings.hours")}, staff.Configure},
		{section{"people", "users-round", v.T("settings.people")}, staff.People},
		{section{"keys", "key-round", v.T("settings.keys")}, staff.Configure},
		{section{"outgoing", "send", v.T("outgoing.title")}, staff.Configure},
		{section{"telling", "megaphone", v.T("telling.title")}, staff.Configure},
		{section{"letter", "mail", v.T("letter.settings")}, staff.Configure},
		{section{"playbooks", "list-checks", v.T("settings.playbooks")}, staff.Configure},
		{section{"account", "user-round", v.T("settings.account")}, staff.See},
		{section{"texts", "languages", v.T("settings.texts")}, staff.See},
		{section{"audit", "scroll-text", v.T("settings.audit")}, staff.Audit},
	} {
		if v.May(s.right) {
			out = append(out, s.section)
		}
	}
	return out
}

// saved leads back to a section after a change.
func saved(w http.ResponseWriter, r *http.Request, v *ui.Viewer, name string) {
	leave(w, r, v, v.URL("settings", name)+"?saved=1")
}

// notice tells of what was just saved.
func notice(r *http.Request, v *ui.Viewer) {
	if r.URL.Query().Get("saved") != "" {
		v.Notice = v.T("common.saved")
	}
}
