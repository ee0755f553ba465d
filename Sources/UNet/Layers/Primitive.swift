import CDNNL

/// A oneDNN primitive with the memory that it works on.
final class Primitive {
  private let handle: dnnl_primitive_t
  private let engine: Engine
  private let memories: [Memory]
  private var arguments: [dnnl_exec_arg_t]
  private let isConvolution: Bool

  /// - Parameters:
  ///   - arguments: for each `DNNL_ARG_…` its memory.
  ///   - isConvolution: whether its time counts as such.
  init(
    _ description: PrimitiveDescription, arguments: [(Int32, Memory)], isConvolution: Bool = true,
    engine: Engine
  ) throws(UNetError) {
    var primitive: dnnl_primitive_t?
    try Engine.check(dnnl_primitive_create(&primitive, description.handle), "dnnl_primitive_create")
    handle = primitive!
    (self.engine, self.isConvolution) = (engine, isConvolution)
    memories = arguments.map(\.1)
    self.arguments = arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1.handle) }
  }

  /// Copies `source` into the layout and type of `destination`.
  convenience init(from source: Memory, to destination: Memory, engine: Engine) throws(UNetError) {
    var (input, output) = (source.description, destination.description)
    var description: dnnl_primitive_desc_t?
    try Engine.check(
      dnnl_reorder_primitive_desc_create(&description, &input, engine.handle, &output, engine.handle, nil),
      "dnnl_reorder_primitive_desc_create")
    try self.init(
      PrimitiveDescription(description!), arguments: [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, destination)],
      isConvolution: false, engine: engine)
  }

  deinit { dnnl_primitive_destroy(handle) }

  func execute() throws(UNetError) {
    let start = monotonicSeconds()
    try Engine.check(
      dnnl_primitive_execute(handle, engine.stream, Int32(arguments.count), &arguments),
      "dnnl_primitive_execute")
    try Engine.check(dnnl_stream_wait(engine.stream), "dnnl_stream_wait")
    if isConvolution { engine.convolutionSeconds += monotonicSeconds() - start }
  }
}

/// What oneDNN chose for an operation.
final class PrimitiveDescription {
  let handle: dnnl_primitive_desc_t

  init(_ handle: dnnl_primitive_desc_t) { self.handle = handle }

  /// - Parameters:
  ///   - operation: the operation's description.
  ///   - hint: the forward operation, for a backward one.
  init(
    _ operation: const_dnnl_op_desc_t, attributes: const_dnnl_primitive_attr_t? = nil,
    hint: PrimitiveDescription? = nil, engine: Engine
  ) throws(UNetError) {
    var description: dnnl_primitive_desc_t?
    try Engine.check(
      dnnl_primitive_desc_create(&description, operation, attributes, engine.handle, hint?.handle),
      "dnnl_primitive_desc_create")
    handle = description!
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// The layout that it takes or gives.
  func layout(_ what: dnnl_query_t) -> dnnl_memory_desc_t {
    dnnl_primitive_desc_query_md(handle, what, 0)!.pointee
  }

  /// Whether this is oneDNN's plain implementation, which takes a hundred times as long as its others.
  var isReference: Bool {
    var name: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name)
    return status == dnnl_success && name.map { String(cString: $0).hasPrefix("ref") } ?? true
  }
}
