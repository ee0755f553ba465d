"""What `kubectl kustomize` makes of a folder, as far as this repository's kustomizations go; it refuses what is beyond them."""

import hashlib
import json

import yaml


def load(path):
    with open(path) as file:
        return list(yaml.safe_load_all(file))


def variables(path):
    """The lines of an `.env` file."""
    with open(path) as file:
        lines = [line.strip() for line in file]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def render(folder, components=()):
    """The manifests of a folder and of components within it, with namespace, labels, images and generated names."""
    (kustomization,) = load(f"{folder}/kustomization.yaml")
    known = {"apiVersion", "kind", "namespace", "labels", "resources", "configMapGenerator", "images"}
    assert kustomization.keys() <= known, f"beyond this: {kustomization.keys() - known}"
    manifests = [one for path in kustomization["resources"] for one in load(f"{folder}/{path}")]
    for component in components:
        (found,) = load(f"{folder}/{component}/kustomization.yaml")
        assert found.keys() == {"apiVersion", "kind", "resources"} and found["kind"] == "Component", found
        manifests += [one for path in found["resources"] for one in load(f"{folder}/{component}/{path}")]
    renamed = {}
    for generator in kustomization["configMapGenerator"]:
        assert generator.keys() == {"name", "envs"}, generator
        data = {key: value for path in generator["envs"] for key, value in variables(f"{folder}/{path}").items()}
        renamed[generator["name"]] = f"{generator['name']}-{hashlib.sha256(json.dumps(data).encode()).hexdigest()[:10]}"
        manifests.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": renamed[generator["name"]]}, "data": data})
    images = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in kustomization["images"]}
    for one in manifests:
        if one["kind"] != "Namespace":
            one["metadata"]["namespace"] = kustomization["namespace"]
        for labels in kustomization["labels"]:
            one["metadata"]["labels"] = {**one["metadata"].get("labels", {}), **labels["pairs"]}
        for container in one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container["image"] = images.get(container["image"], container["image"])
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    source["configMapRef"]["name"] = renamed[source["configMapRef"]["name"]]
    return manifests
