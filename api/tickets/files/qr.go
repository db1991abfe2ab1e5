package files

import (
	qrcode "github.com/piglig/go-qr"
)

// A module is 8 dots of a picture, and four modules around it are quiet (ISO/IEC 18004).
const (
	moduleDots   = 8
	quietModules = 4
)

// encode draws a code. Its text is of QR's alphanumeric mode, so that version 7 holds it at level M.
func encode(code string) (*qrcode.QrCode, error) { return qrcode.EncodeText(code, qrcode.Medium) }

// SVG is a code as a drawing.
func SVG(code string) ([]byte, error) {
	qr, err := encode(code)
	if err != nil {
		return nil, err
	}
	return qr.ToSVGBytes(qrcode.NewQrCodeImgConfig(moduleDots, quietModules, qrcode.WithOptimalSVG()))
}

// PNG is a code as a picture.
func PNG(code string) ([]byte, error) {
	qr, err := encode(code)
	if err != nil {
		return nil, err
	}
	return qr.ToPNGBytes(qrcode.NewQrCodeImgConfig(moduleDots, quietModules))
}
