"""Writes Sources/Hausdorff/SurfaceNormals.swift from the table of the package surface-distance (PyPI, 0.1).

The table is data of that package: https://github.com/google-deepmind/surface-distance, lookup_tables.py, Copyright 2018
Google Inc., Apache License 2.0. It was made by marching cubes: for each of the 256 ways in which eight neighbouring points can
be inside or outside, the normals of the triangles between, as long as these are large.
"""
from pathlib import Path

from surface_distance import lookup_tables

lines = []
for code, normals in enumerate(lookup_tables._NEIGHBOUR_CODE_TO_NORMALS):
    eighths = [8 * component for normal in normals for component in normal]
    assert all(component == int(component) and abs(component) < 128 for component in eighths)
    lines.append("    [" + ", ".join(str(int(component)) for component in eighths) + "],")
assert len(lines) == 256

path = Path(__file__).parents[3] / "Sources/Hausdorff/SurfaceNormals.swift"
path.write_text(f'''/// Normals of the surface between eight points of which some are inside, by DeepMind's surface-distance.
///
/// Written by Tests/HausdorffTests/Fixtures/write_surface_normals.py from the table of the package surface-distance 0.1
/// (https://github.com/google-deepmind/surface-distance, Copyright 2018 Google Inc., Apache License 2.0).
enum SurfaceNormals {{
  /// For each of the 256 codes the normals of its triangles, three components each, in eighths.
  static let eighths: [[Int8]] = [
{chr(10).join(lines)}
  ]
}}
''')
