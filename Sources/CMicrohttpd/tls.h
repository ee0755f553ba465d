// GnuTLS for Swift: the certificate and key that a server shows.
#ifndef CMICROHTTPD_TLS_H
#define CMICROHTTPD_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

/// A chain of certificates, the server's first, with the key of the first.
struct tls_identity {
  gnutls_pcert_st chain[16];
  unsigned int count;
  gnutls_privkey_t key;
  long long expires;  // seconds since 1970
};

/// The first certificate; Swift sees the array as a tuple.
static inline gnutls_pcert_st *tls_identity_chain(struct tls_identity *identity) { return identity->chain; }

/// gnutls_pcert_deinit, gnutls_privkey_deinit
static inline void tls_identity_free(struct tls_identity *identity) {
  for (unsigned int i = 0; i < identity->count; i++) gnutls_pcert_deinit(&identity->chain[i]);
  if (identity->key != (void *)0) gnutls_privkey_deinit(identity->key);
  free(identity);
}

static inline int tls_key_id(gnutls_pubkey_t key, unsigned char *id) {
  size_t size = 32;
  return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, &size);
}

/// Whether the key is that of the certificate: 0, or one of GnuTLS's codes.
static inline int tls_identity_check(const struct tls_identity *identity) {
  unsigned char of_certificate[32], of_key[32];
  gnutls_pubkey_t derived;
  int status = gnutls_pubkey_init(&derived);
  if (status < 0) return status;
  status = gnutls_pubkey_import_privkey(derived, identity->key, 0, 0);
  if (status >= 0) status = tls_key_id(derived, of_key);
  if (status >= 0) status = tls_key_id(identity->chain[0].pubkey, of_certificate);
  gnutls_pubkey_deinit(derived);
  if (status < 0) return status;
  return memcmp(of_certificate, of_key, sizeof of_key) == 0 ? 0 : GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
}

/// Reads PEM; null with GnuTLS's code where it is none, or the key is not the first certificate's.
/// gnutls_x509_crt_list_import2, gnutls_pcert_import_x509_list, gnutls_privkey_import_x509_raw
static inline struct tls_identity *tls_identity_make(
    const void *certificate, size_t certificate_size, const void *key, size_t key_size, int *status) {
  struct tls_identity *identity = (struct tls_identity *)calloc(1, sizeof *identity);
  if (identity == (void *)0) {
    *status = GNUTLS_E_MEMORY_ERROR;
    return (struct tls_identity *)0;
  }
  gnutls_datum_t certificate_text = {(unsigned char *)(size_t)certificate, (unsigned int)certificate_size};
  gnutls_datum_t key_text = {(unsigned char *)(size_t)key, (unsigned int)key_size};
  gnutls_x509_crt_t *list = (gnutls_x509_crt_t *)0;
  unsigned int count = 0;
  *status = gnutls_x509_crt_list_import2(&list, &count, &certificate_text, GNUTLS_X509_FMT_PEM, 0);
  if (*status >= 0) {
    identity->expires = (long long)gnutls_x509_crt_get_expiration_time(list[0]);
    unsigned int kept = count;
    *status = count > 16 ? GNUTLS_E_CERTIFICATE_ERROR
                         : gnutls_pcert_import_x509_list(identity->chain, list, &kept, GNUTLS_X509_CRT_LIST_SORT);
    if (*status >= 0) identity->count = kept;
    for (unsigned int i = 0; i < count; i++) gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
  }
  if (*status >= 0) *status = gnutls_privkey_init(&identity->key);
  if (*status >= 0)
    *status = gnutls_privkey_import_x509_raw(identity->key, &key_text, GNUTLS_X509_FMT_PEM, (const char *)0, 0);
  if (*status >= 0) *status = tls_identity_check(identity);
  if (*status >= 0) return identity;
  tls_identity_free(identity);
  return (struct tls_identity *)0;
}

#endif
