//! A renderer for pictures without a GPU: tessellates, then fills triangles on the CPU.

use egui::{
    Color32, Context, FullOutput, ImageData, Pos2, Rect, TextureId, TexturesDelta,
    epaint::{ImageDelta, Mesh, Primitive, Vertex},
    pos2,
};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};
use std::collections::HashMap;

/// Draws what the GPU would, to within a level or so of each channel.
#[derive(Default)]
pub struct CpuRenderer {
    textures: HashMap<TextureId, Texture>,
}

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

impl TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, patches) in delta.set.drain() {
            for patch in patches {
                self.patch(id, &patch);
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let mut canvas = Canvas::new(size.x.round() as usize, size.y.round() as usize);
        for clipped in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = clipped.primitive else {
                return Err("a paint callback needs a GPU".to_owned());
            };
            let texture = self.textures.get(&mesh.texture_id).ok_or("a texture was used before it was set")?;
            canvas.fill(&mesh, texture, clipped.clip_rect * scale, scale);
        }
        Ok(canvas.into_image())
    }
}

impl CpuRenderer {
    fn patch(&mut self, id: TextureId, patch: &ImageDelta) {
        let ImageData::Color(image) = &patch.image;
        if let (Some([left, top]), Some(texture)) = (patch.pos, self.textures.get_mut(&id)) {
            for (row, line) in image.pixels.chunks(image.size[0]).enumerate() {
                let start = (top + row) * texture.size[0] + left;
                texture.pixels[start..start + line.len()].copy_from_slice(line);
            }
        } else {
            let texture = Texture { size: image.size, pixels: image.pixels.clone() };
            self.textures.insert(id, texture);
        }
    }
}

impl Texture {
    /// Bilinear sampling with clamped edges.
    fn sample(&self, uv: Pos2) -> [f32; 4] {
        let [width, height] = self.size;
        let at = pos2(uv.x * width as f32 - 0.5, uv.y * height as f32 - 0.5);
        let (x, y) = (at.x.floor(), at.y.floor());
        let (share_x, share_y) = (at.x - x, at.y - y);
        let pixel = |dx: f32, dy: f32| {
            let column = ((x + dx).max(0.0) as usize).min(width - 1);
            let row = ((y + dy).max(0.0) as usize).min(height - 1);
            self.pixels[row * width + column].to_array().map(f32::from)
        };
        let corners = [pixel(0.0, 0.0), pixel(1.0, 0.0), pixel(0.0, 1.0), pixel(1.0, 1.0)];
        std::array::from_fn(|i| {
            let upper = corners[0][i] * (1.0 - share_x) + corners[1][i] * share_x;
            let lower = corners[2][i] * (1.0 - share_x) + corners[3][i] * share_x;
            upper * (1.0 - share_y) + lower * share_y
        })
    }
}

/// Premultiplied colours in gamma space, as egui blends them.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    fn fill(&mut self, mesh: &Mesh, texture: &Texture, clip: Rect, scale: f32) {
        // As a GPU does: the scissor rectangle lies on whole pixels.
        let bounds = Rect::from_min_max(clip.min.round(), clip.max.round())
            .intersect(Rect::from_min_max(Pos2::ZERO, pos2(self.width as f32, self.height as f32)));
        if !bounds.is_positive() {
            return;
        }
        for triangle in mesh.indices.as_chunks::<3>().0 {
            self.triangle(triangle.map(|index| mesh.vertices[index as usize]), texture, bounds, scale);
        }
    }

    fn triangle(&mut self, vertices: [Vertex; 3], texture: &Texture, bounds: Rect, scale: f32) {
        let [a, b, c] = vertices.map(|vertex| pos2(vertex.pos.x * scale, vertex.pos.y * scale));
        let edge =
            |from: Pos2, to: Pos2, at: Pos2| (to.x - from.x) * (at.y - from.y) - (to.y - from.y) * (at.x - from.x);
        let area = edge(a, b, c);
        if area == 0.0 {
            return;
        }
        let colors = vertices.map(|vertex| vertex.color.to_array().map(f32::from));
        let span = Rect::from_points(&[a, b, c]).intersect(bounds);
        let flat = vertices[0].uv == vertices[1].uv && vertices[1].uv == vertices[2].uv;
        let constant = texture.sample(vertices[0].uv);
        // A pixel on a shared edge belongs to one of the two triangles only.
        let owns = |from: Pos2, to: Pos2| {
            let along = if area > 0.0 { to - from } else { from - to };
            along.y < 0.0 || (along.y == 0.0 && along.x > 0.0)
        };
        let owned = [owns(b, c), owns(c, a), owns(a, b)];
        for row in span.top().floor() as usize..(span.bottom().ceil() as usize).min(bounds.bottom() as usize) {
            for column in span.left().floor() as usize..(span.right().ceil() as usize).min(bounds.right() as usize) {
                let at = pos2(column as f32 + 0.5, row as f32 + 0.5);
                if !bounds.contains(at) {
                    continue;
                }
                let shares = [edge(b, c, at) / area, edge(c, a, at) / area, edge(a, b, at) / area];
                if shares.iter().zip(owned).any(|(&share, owned)| share < 0.0 || (share == 0.0 && !owned)) {
                    continue;
                }
                let mix = |values: [f32; 3]| values[0] * shares[0] + values[1] * shares[1] + values[2] * shares[2];
                let texel = if flat {
                    constant
                } else {
                    let uv = vertices.map(|vertex| vertex.uv);
                    texture.sample(pos2(mix(uv.map(|uv| uv.x)), mix(uv.map(|uv| uv.y))))
                };
                let source: [f32; 4] =
                    std::array::from_fn(|i| mix([colors[0][i], colors[1][i], colors[2][i]]) * texel[i] / 255.0);
                let target = &mut self.pixels[row * self.width + column];
                let keep = 1.0 - source[3] / 255.0;
                *target = std::array::from_fn(|i| (source[i] + target[i] * keep).round());
            }
        }
    }

    fn into_image(self) -> RgbaImage {
        let (width, height) = (self.width as u32, self.height as u32);
        RgbaImage::from_fn(width, height, |x, y| {
            let [red, green, blue, _] = self.pixels[y as usize * self.width + x as usize];
            Rgba([red, green, blue, 255.0].map(|channel| channel.clamp(0.0, 255.0) as u8))
        })
    }
}
