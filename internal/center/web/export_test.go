package web

// Posts are the paths of all forms.
func (d *Door) Posts() []string {
	var all []string
	for _, r := range d.routes() {
		if r.post != nil {
			all = append(all, r.path)
		}
	}
	return all
}
