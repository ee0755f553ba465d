import HTTPServer
import MaskFormats
import Training
import UNet

// The one place where errors become HTTP.
extension Problem {
  /// Calls `body`; what it throws becomes a problem.
  static func from<Value>(_ body: () throws(RequestError) -> Value) throws(Problem) -> Value {
    do throws(RequestError) {
      return try body()
    } catch {
      throw Problem(error)
    }
  }

  init(_ error: RequestError) {
    self.init(
      status: error.status, detail: "The request cannot be answered: \(error.message).", errors: error.errors,
      headers: error.status == 503 ? ["Retry-After": "1"] : [:])
  }

  init(_ error: FormatError, at location: FieldError.Location?) {
    let status =
      switch error.kind {
      case .malformed: 400
      case .tooLarge: 413
      case .unsupported: 422
      case .unavailable: 500
      }
    let place = location ?? error.path.map { .pointer($0) }
    self.init(
      status: status, detail: "The request cannot be read: \(error.detail).",
      errors: place.map { [FieldError($0, error.detail)] } ?? [])
  }

  init(_ error: StoreError) {
    self.init(
      // What the database says of itself is for the log.
      status: error.kind == .unavailable ? 503 : 500, detail: "The job store does not answer as it should.",
      headers: error.kind == .unavailable ? ["Retry-After": "1"] : [:])
  }

  init(_ error: DataSetError) {
    let status =
      switch error.kind {
      case .invalid: 422
      case .tooLarge: 413
      // What the system says of a full disk, and of anything else.
      case .unavailable: error.detail.hasSuffix("No space left on device") ? 507 : 500
      }
    self.init(status: status, detail: "The data set cannot be taken over: \(error.detail).")
  }
}
