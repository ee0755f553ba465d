/// A graph of ONNX operators (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) while it is built.
///
/// A value has the name of the node that makes it. Messages are written by the numbers of their fields, which a comment
/// names.
struct ONNXGraph {
  /// What an operator is told besides its inputs.
  enum Attribute {
    case integer(Int)
    case integers([Int])
  }

  /// An extent: the same always, or a name of one that is known when the graph runs.
  enum Extent {
    case fixed(Int)
    case named(String)
  }

  /// Numbers of `TensorProto.DataType`.
  private enum DataType {
    static let float32 = 1
    static let int64 = 7
  }

  /// The `GraphProto`: node 1, name 2, initializer 5, input 11, output 12.
  private(set) var message: ProtocolBuffer

  init(name: String) { message = ProtocolBuffer { $0.text(2, name) } }

  /// Adds a node; the name of its value, which is given.
  @discardableResult
  mutating func node(
    _ name: String, _ type: String, _ inputs: [String], _ attributes: [(String, Attribute)] = []
  ) -> String {
    // input 1, output 2, name 3, op_type 4, attribute 5
    message.message(
      1,
      ProtocolBuffer { node in
        for input in inputs { node.text(1, input) }
        node.text(2, name)
        node.text(3, name)
        node.text(4, type)
        for (name, attribute) in attributes { node.message(5, Self.message(name, attribute)) }
      })
    return name
  }

  private static func message(_ name: String, _ attribute: Attribute) -> ProtocolBuffer {
    // name 1, i 3, ints 8, type 20
    ProtocolBuffer { message in
      message.text(1, name)
      switch attribute {
      case .integer(let value):
        message.integer(3, value)
        message.integer(20, 2)
      case .integers(let values):
        message.integers(8, values)
        message.integer(20, 7)
      }
    }
  }

  /// Adds a constant of float32; its name, which is given.
  mutating func constant(_ name: String, shape: [Int], _ values: [Float]) -> String {
    constant(name, shape, DataType.float32) { $0.bytes(9, values) }
  }

  /// Adds a vector of int64; its name, which is given.
  mutating func constant(_ name: String, _ values: [Int]) -> String {
    constant(name, [values.count], DataType.int64) { tensor in
      tensor.bytes(
        9, values.flatMap { value in withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } })
    }
  }

  private mutating func constant(
    _ name: String, _ shape: [Int], _ type: Int, _ elements: (inout ProtocolBuffer) -> Void
  ) -> String {
    // dims 1, data_type 2, name 8, raw_data 9
    message.message(
      5,
      ProtocolBuffer { tensor in
        tensor.integers(1, shape)
        tensor.integer(2, type)
        tensor.text(8, name)
        elements(&tensor)
      })
    return name
  }

  /// Declares the graph's input of float32.
  mutating func input(_ name: String, shape: [Extent], _ description: String) {
    message.message(11, Self.value(name, shape, description))
  }

  /// Declares which value of float32 is the graph's output.
  mutating func output(_ name: String, shape: [Extent], _ description: String) {
    message.message(12, Self.value(name, shape, description))
  }

  private static func value(_ name: String, _ shape: [Extent], _ description: String) -> ProtocolBuffer {
    // ValueInfoProto: name 1, type 2, doc_string 3. TypeProto: tensor_type 1, with elem_type 1, and shape 2, whose dim 1
    // has dim_value 1 or dim_param 2.
    let extents = ProtocolBuffer { message in
      for extent in shape {
        message.message(
          1,
          ProtocolBuffer { dimension in
            switch extent {
            case .fixed(let value): dimension.integer(1, value)
            case .named(let name): dimension.text(2, name)
            }
          })
      }
    }
    let tensor = ProtocolBuffer {
      $0.integer(1, DataType.float32)
      $0.message(2, extents)
    }
    return ProtocolBuffer {
      $0.text(1, name)
      $0.message(2, ProtocolBuffer { $0.message(1, tensor) })
      $0.text(3, description)
    }
  }
}
