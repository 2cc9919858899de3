package seed

import (
	"slices"

	"keyfob/internal/center/store"
)

// Keep takes over from now the secrets that the file says to keep, and returns whose are not there.
func (s *Seed) Keep(now store.Organisation) (missing []string) {
	have := map[string][]byte{}
	for _, u := range now.ServiceUsers {
		have[u.MFASerial] = u.MFASecret
		for _, k := range u.AccessKeys {
			have[k.ID] = k.Secret
		}
	}
	take := func(of string, to *[]byte) {
		if !s.Kept[of] {
			return
		}
		if *to = have[of]; len(*to) == 0 {
			missing = append(missing, of)
		}
	}
	for i := range s.Organisation.ServiceUsers {
		u := &s.Organisation.ServiceUsers[i]
		for k := range u.AccessKeys {
			take(u.AccessKeys[k].ID, &u.AccessKeys[k].Secret)
		}
		take(u.MFASerial, &u.MFASecret)
	}
	for i := range s.Organisation.Clients {
		c := &s.Organisation.Clients[i]
		if !s.Kept[c.ID] {
			continue
		}
		at := slices.IndexFunc(now.Clients, func(n store.Client) bool { return n.ID == c.ID })
		if at < 0 {
			missing = append(missing, c.Name)
			continue
		}
		c.SecretHash = now.Clients[at].SecretHash
	}
	return missing
}
