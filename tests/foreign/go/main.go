// Judges a folder of Sigstore bundles with Go's own log library (golang.org/x/mod/sumdb: note, tlog) and Go's own
// cryptography, and prints one JSON value. Nothing here is shared with the product.
//
// Usage: verify FOLDER. The folder holds bundles/*.json, key.pem, vkey and trees.json (pairs of checkpoints with the
// proof that the older one is a prefix of the newer).
package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type bundle struct {
	VerificationMaterial struct {
		TlogEntries []struct {
			LogIndex       string
			InclusionProof struct {
				LogIndex   string
				Hashes     []string
				Checkpoint struct{ Envelope string }
			}
			CanonicalizedBody string
		}
	}
	DsseEnvelope struct {
		Payload     string
		PayloadType string
		Signatures  []struct{ Sig string }
	}
}

type leaf struct {
	Spec struct {
		HashedRekordV002 struct {
			Data      struct{ Digest string }
			Signature struct {
				Content  string
				Verifier struct{ PublicKey struct{ RawBytes string } }
			}
		}
	}
}

type tree struct {
	Old, New string
	Path     []string
}

type judge struct {
	key   *ecdsa.PublicKey
	spki  []byte
	known note.Verifiers
}

func (j judge) checkpoint(text string) (size int64, root tlog.Hash, err error) {
	opened, err := note.Open([]byte(text), j.known)
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		return 0, root, errors.New("a checkpoint has three lines")
	}
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	root, err = tlog.ParseHash(lines[2])
	return size, root, err
}

func (j judge) bundle(data []byte) error {
	var b bundle
	if err := json.Unmarshal(data, &b); err != nil {
		return err
	}
	if len(b.VerificationMaterial.TlogEntries) != 1 || len(b.DsseEnvelope.Signatures) != 1 {
		return errors.New("one log entry and one signature are wanted")
	}
	entry := b.VerificationMaterial.TlogEntries[0]
	var body, payload, signature []byte
	for text, into := range map[string]*[]byte{
		entry.CanonicalizedBody: &body, b.DsseEnvelope.Payload: &payload, b.DsseEnvelope.Signatures[0].Sig: &signature,
	} {
		decoded, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return err
		}
		*into = decoded
	}
	kind := b.DsseEnvelope.PayloadType
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload)
	digest := sha256.Sum256([]byte(pae))
	if !ecdsa.VerifyASN1(j.key, digest[:], signature) {
		return errors.New("the signature does not hold")
	}
	if err := j.leaf(body, digest[:], signature); err != nil {
		return err
	}
	size, root, err := j.checkpoint(entry.InclusionProof.Checkpoint.Envelope)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(entry.InclusionProof.LogIndex, 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(entry.InclusionProof.Hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, size, root, index, tlog.RecordHash(body))
}

func (j judge) leaf(body, digest, signature []byte) error {
	var l leaf
	if err := json.Unmarshal(body, &l); err != nil {
		return err
	}
	record, encode := l.Spec.HashedRekordV002, base64.StdEncoding.EncodeToString
	if record.Data.Digest != encode(digest) || record.Signature.Content != encode(signature) ||
		record.Signature.Verifier.PublicKey.RawBytes != encode(j.spki) {
		return errors.New("the leaf is not that of the signature")
	}
	return nil
}

func (j judge) tree(t tree) error {
	oldSize, oldRoot, err := j.checkpoint(t.Old)
	if err != nil {
		return err
	}
	newSize, newRoot, err := j.checkpoint(t.New)
	if err != nil {
		return err
	}
	path, err := hashes(t.Path)
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, newSize, newRoot, oldSize, oldRoot)
}

func hashes(texts []string) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, 0, len(texts))
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

func read(parts ...string) []byte {
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return data
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func main() {
	folder := os.Args[1]
	block, _ := pem.Decode(read(folder, "key.pem"))
	key := must(x509.ParsePKIXPublicKey(block.Bytes)).(*ecdsa.PublicKey)
	log := must(note.NewVerifier(string(read(folder, "vkey"))))
	j := judge{key: key, spki: block.Bytes, known: note.VerifierList(log)}

	accepted, refused := []string{}, map[string]string{}
	for _, path := range must(filepath.Glob(filepath.Join(folder, "bundles", "*.json"))) {
		if err := j.bundle(read(path)); err != nil {
			refused[filepath.Base(path)] = err.Error()
		} else {
			accepted = append(accepted, filepath.Base(path))
		}
	}
	var trees []tree
	must(0, json.Unmarshal(read(folder, "trees.json"), &trees))
	held := 0
	for number, t := range trees {
		if err := j.tree(t); err != nil {
			refused[fmt.Sprintf("tree %d", number)] = err.Error()
		} else {
			held++
		}
	}
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"versions": map[string]string{"go": runtime.Version()}, "accepted": accepted, "refused": refused, "trees": held,
	}))
}
