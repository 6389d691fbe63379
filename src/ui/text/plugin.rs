//! Goes over all text of a frame once it is drawn: right-to-left text is put in its reading order, and what has no font is
//! told. Being in one place, it holds for every label, cell, card and message, whoever drew it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use egui::{
    Context, Galley, LayerId, Plugin, Shape, Ui,
    layers::{GraphicLayers, ShapeIdx},
};

use super::{
    missing_fonts::{self, MissingFont, MissingSigns},
    reading_order::{in_reading_order, is_out_of_order},
};

/// A text as egui laid it out, and as it is read.
struct ArrangedText {
    /// Held, so that its address stands for this text and for no later one.
    _given: Arc<Galley>,
    arranged: Arc<Galley>,
    is_used: bool,
}

/// The plugin; [`crate::ui::theme::install`] adds it.
#[derive(Default)]
pub struct ShownText {
    missing: MissingSigns,
    needed: BTreeSet<MissingFont>,
    /// What the last frames showed, by the address of what egui laid out.
    arranged: HashMap<usize, ArrangedText>,
    layers: Vec<LayerId>,
    found: Vec<(LayerId, ShapeIdx, Arc<Galley>)>,
}

impl ShownText {
    /// Adds it to `ctx`, once.
    pub fn install(ctx: &Context) {
        let plugin = Self::default();
        ctx.add_glyph_rasterizer(plugin.missing.boxes());
        ctx.add_plugin(plugin);
    }

    /// Collects the texts that are to be put in order, and the fonts that any text would need.
    fn find(&mut self, graphics: &GraphicLayers, needed: Option<&mut BTreeSet<MissingFont>>) {
        let mut needed = needed;
        for layer in &self.layers {
            let shapes = graphics.get(*layer).into_iter().flat_map(|list| list.all_entries().enumerate());
            for (index, clipped) in shapes {
                let Shape::Text(text) = &clipped.shape else { continue };
                if text.galley.job.text.is_ascii() {
                    continue;
                }
                if let Some(needed) = &mut needed {
                    self.missing.add_needed(&text.galley.job.text, needed);
                }
                if is_out_of_order(&text.galley) {
                    self.found.push((*layer, ShapeIdx(index), Arc::clone(&text.galley)));
                }
            }
        }
    }

    fn arranged(&mut self, ctx: &Context, given: Arc<Galley>) -> Arc<Galley> {
        let address = Arc::as_ptr(&given).addr();
        let kept = self.arranged.entry(address).or_insert_with(|| {
            let made = in_reading_order(&given, &mut |job| ctx.fonts_mut(|fonts| fonts.layout_job(job)));
            ArrangedText { _given: given, arranged: Arc::new(made), is_used: true }
        });
        kept.is_used = true;
        Arc::clone(&kept.arranged)
    }
}

impl Plugin for ShownText {
    fn debug_name(&self) -> &'static str {
        "Testcard: reading order and missing fonts"
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.layers.clear();
        self.layers.push(LayerId::background());
        ctx.memory(|memory| self.layers.extend(memory.layer_ids().filter(|layer| *layer != LayerId::background())));
        let mut needed = BTreeSet::new();
        let is_any_missing = !self.missing.is_empty();
        ctx.graphics(|graphics| self.find(graphics, is_any_missing.then_some(&mut needed)));
        if needed != self.needed {
            missing_fonts::set_notice(&ctx, &needed);
            self.needed = needed;
        }

        for kept in self.arranged.values_mut() {
            kept.is_used = false;
        }
        let mut found = std::mem::take(&mut self.found);
        for (layer, index, given) in found.drain(..) {
            let arranged = self.arranged(&ctx, given);
            ctx.graphics_mut(|graphics| {
                let Some(list) = graphics.get_mut(layer) else { return };
                list.mutate_shape(index, |clipped| {
                    if let Shape::Text(text) = &mut clipped.shape {
                        text.galley = arranged;
                    }
                });
            });
        }
        self.found = found;
        self.arranged.retain(|_, kept| kept.is_used);
    }
}
