package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
)

var (
	_ storage.Payments       = (*Store)(nil)
	_ storage.PaymentCursors = (*Store)(nil)
)

const paymentsPage = 4096

// PutPayment implements storage.Payments. Whether a row may be overwritten is decided where it stands, so two processes
// that ask at once get one answer. Sent again after an unknown outcome it finds its own row.
func (s *Store) PutPayment(ctx context.Context, p storage.PaymentRow, over ...string) (stands storage.PaymentRow,
	err error) {
	if over == nil {
		over = []string{} // NULL would be neither among nor not among
	}
	err = s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		found, err := collect(
			ctx, tx, scanPayment, sql("payment_put"), p.ID, p.Status, p.Amount, p.Currency, over, p.Detail,
		)
		if err != nil {
			return err
		}
		if len(found) == 0 { // another status stands
			stands, err = readPayment(ctx, tx, p.ID)
			return err
		}
		stands = found[0]
		return nil
	})
	return stands, err
}

// Payment implements storage.Payments.
func (s *Store) Payment(ctx context.Context, id string) (p storage.PaymentRow, err error) {
	err = s.present(ctx, func(ctx context.Context, q queryer) error {
		p, err = readPayment(ctx, q, id)
		return err
	})
	return p, err
}

func readPayment(ctx context.Context, q queryer, id string) (p storage.PaymentRow, err error) {
	found, err := collect(ctx, q, scanPayment, sql("payment"), id)
	if err != nil {
		return p, err
	}
	if len(found) == 0 {
		return p, storage.ErrNotFound
	}
	return found[0], nil
}

// Payments implements storage.Payments. The server pages in its own collation's order, so the rows are put in order of
// bytes here.
func (s *Store) Payments(ctx context.Context, visit func(storage.PaymentRow) error) error {
	var all []storage.PaymentRow
	err := pages(paymentsPage, func(last *storage.PaymentRow) ([]storage.PaymentRow, error) {
		after := ""
		if last != nil {
			after = last.ID
		}
		return fetch(ctx, s.present, scanPayment, sql("payments_after"), after, int64(paymentsPage))
	}, func(p storage.PaymentRow) error {
		all = append(all, p)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b storage.PaymentRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range all {
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

func scanPayment(row pgx.CollectableRow) (p storage.PaymentRow, err error) {
	err = row.Scan(&p.ID, &p.Status, &p.Amount, &p.Currency, &p.Detail)
	return p, err
}

type cursorRow struct {
	body     string
	revision int64
}

func scanCursor(row pgx.CollectableRow) (c cursorRow, err error) {
	return c, row.Scan(&c.body, &c.revision)
}

// Cursor answers what stands of how far an account's events were read; revision 0: nothing does.
func (s *Store) Cursor(ctx context.Context, account string) (body string, revision int64, err error) {
	found, err := fetch(ctx, s.present, scanCursor, sql("cursor"), account)
	if err != nil || len(found) == 0 {
		return "", 0, err
	}
	return found[0].body, found[0].revision, nil
}

// MoveCursor writes body if over is the revision that stands. Sent again after an unknown outcome it may find its own
// row, and say that another was first: whoever asks reads it anew.
func (s *Store) MoveCursor(ctx context.Context, account, body string, over int64) (moved bool, err error) {
	if over == 0 {
		rows, err := s.exec(ctx, sql("cursor_make"), account, body)
		return err == nil && rows == 1, err
	}
	rows, err := s.exec(ctx, sql("cursor_move"), account, body, over)
	return err == nil && rows == 1, err
}

func scanAccount(row pgx.CollectableRow) (c storage.PaymentCursor, err error) {
	return c, row.Scan(&c.Account, &c.Body)
}

// PaymentCursors implements storage.PaymentCursors. There are as many rows as processors that were ever used.
func (s *Store) PaymentCursors(ctx context.Context, visit func(storage.PaymentCursor) error) error {
	all, err := fetch(ctx, s.present, scanAccount, sql("cursors"))
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b storage.PaymentCursor) int { return cmp.Compare(a.Account, b.Account) })
	for _, c := range all {
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

// PutPaymentCursor implements storage.PaymentCursors.
func (s *Store) PutPaymentCursor(ctx context.Context, c storage.PaymentCursor) error {
	_, err := s.exec(ctx, sql("cursor_put"), c.Account, c.Body)
	return err
}
