import CoreMetrics
import Glibc
import HTTPServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads tokens and the certificate again on SIGHUP; what cannot be read leaves them as they are.
struct Reloading: Service {
  let flags: AccessFlags
  let control: AccessControl
  let credentials: TLSCredentials?
  let logger: Logger

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sighup)
    await cancelWhenGracefulShutdown {
      for await _ in signals { reload() }
    }
  }

  private func reload() {
    do {
      if let tokens = try flags.readTokens() {
        control.replace(tokens)
        logger.info("read \(tokens.entries.count) tokens again")
      }
    } catch {
      logger.error("the tokens stay as they are: \(error)")
    }
    do {
      guard let identity = try flags.readIdentity() else { return }
      credentials?.identity = identity
      logger.info("read the certificate again")
      Self.note(identity, logger)
    } catch {
      logger.error("the certificate stays as it is: \(error)")
    }
  }

  /// Says when a certificate expires, loudly where that is soon or past.
  static func note(_ identity: TLSIdentity, _ logger: Logger) {
    Meter.set(.certificateExpiry, to: identity.expiry)
    let seconds = identity.expiry - time(nil)
    let date = Timestamp.text(identity.expiry * 1000)
    if seconds <= 0 {
      logger.error("the certificate has expired: \(date)")
    } else {
      logger.log(level: seconds < 14 * 86_400 ? .warning : .info, "the certificate expires \(date)")
    }
  }
}
