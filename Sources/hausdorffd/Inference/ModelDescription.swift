import HTTPServer
import Hausdorff
import MaskFormats

/// A model's metadata and configuration, as Triton tells them.
struct ModelDescription {
  let name: String
  let signature: InferenceModel.Signature

  /// Answers the path that ends in the model's name or version.
  var metadata: Response {
    var json = JSONWriter()
    json.object { json in
      json.member("name", name)
      json.member("versions") { $0.array([InferenceModel.version]) { $0.value($1) } }
      json.member("platform", "hausdorffd")
      for (member, tensors) in [("inputs", signature.inputs), ("outputs", signature.outputs)] {
        json.member(member) { json in
          json.array(tensors) { json, tensor in
            json.object { json in
              json.member("name", tensor.name)
              json.member("datatype", tensor.type.tensorName)
              json.member("shape") { $0.array(tensor.shape) { $0.value($1) } }
            }
          }
        }
      }
    }
    return .json(.bytes(json.bytes))
  }

  /// Answers `/config`.
  var configuration: Response {
    var json = JSONWriter()
    json.object { json in
      json.member("name", name)
      json.member("platform", "hausdorffd")
      json.member("backend", "hausdorffd")
      json.member("version_policy") { json in
        json.object { json in
          json.member("latest") { json in json.object { $0.member("num_versions", 1) } }
        }
      }
      // The first axis is an axis like others: shapes are told whole.
      json.member("max_batch_size", 0)
      for (member, tensors) in [("input", signature.inputs), ("output", signature.outputs)] {
        json.member(member) { json in
          json.array(tensors) { json, tensor in
            json.object { json in
              json.member("name", tensor.name)
              json.member("data_type", "TYPE_\(tensor.type.tensorName)")
              json.member("dims") { $0.array(tensor.shape) { $0.value($1) } }
            }
          }
        }
      }
    }
    return .json(.bytes(json.bytes))
  }
}
