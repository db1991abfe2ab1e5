package tickets

import (
	"strconv"

	qrcode "github.com/piglig/go-qr"

	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// A module is 8 dots of a picture, and four modules around it are quiet (ISO/IEC 18004).
const (
	moduleDots   = 8
	quietModules = 4
)

// encode draws a code. Its text is of QR's alphanumeric mode, so that version 7 holds it at level M.
func encode(code string) (*qrcode.QrCode, error) { return qrcode.EncodeText(code, qrcode.Medium) }

// svgOf is a code as a drawing.
func svgOf(code string) ([]byte, error) {
	qr, err := encode(code)
	if err != nil {
		return nil, err
	}
	return qr.ToSVGBytes(qrcode.NewQrCodeImgConfig(moduleDots, quietModules, qrcode.WithOptimalSVG()))
}

// pngOf is a code as a picture.
func pngOf(code string) ([]byte, error) {
	qr, err := encode(code)
	if err != nil {
		return nil, err
	}
	return qr.ToPNGBytes(qrcode.NewQrCodeImgConfig(moduleDots, quietModules))
}

// QR draws the code of one ticket, as SVG unless PNG is asked for.
func (h *Handlers) QR(r *call.Call) error {
	number, format := 0, "svg"
	for name, value := range r.Ctx.QueryArgs().All() {
		var err error
		switch string(name) {
		case "ticket":
			if number, err = strconv.Atoi(string(value)); err != nil || number < 1 {
				return problem.BadField("ticket", "must be the number of a ticket, from 1")
			}
		case "format":
			if format = string(value); format != "svg" && format != "png" {
				return problem.BadField("format", `is neither "svg" nor "png"`)
			}
		default:
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	if number == 0 {
		return problem.BadField("ticket", "is missing")
	}
	all, err := h.tickets(r)
	if err != nil {
		return err
	}
	switch {
	case number > len(all.Tickets):
		return said(ticketing.ErrNoSuch)
	case all.Tickets[number-1].Code == "":
		return said(ticketing.ErrVoid)
	}
	draw, contentType := svgOf, "image/svg+xml"
	if format == "png" {
		draw, contentType = pngOf, "image/png"
	}
	body, err := draw(all.Tickets[number-1].Code)
	if err != nil {
		return err
	}
	return send(r, contentType, "", body)
}
