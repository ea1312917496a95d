//! Pictures that follow each other.

use offing_tests::picture::Picture;
use offing_tests::scene::Scene;

use crate::SIZE;

/// What is painted.
#[derive(Clone, Copy)]
pub(crate) struct Film {
    pub(crate) name: &'static str,
    scene: Scene,
    /// How many of the scene's steps its pictures are apart.
    stride: usize,
}

/// Far enough apart that nothing of a picture is in the next one: more than a screen of lines.
const CUT: usize = 51;

/// All films. Without "scrolling", each picture is a new one: what that costs is encoding alone.
pub(crate) const FILMS: [Film; 6] = [
    film("text", Scene::Text, CUT),
    film("interface", Scene::Interface, CUT),
    film("photo", Scene::Photo, CUT),
    film("solid", Scene::Solid, CUT),
    film("text-scrolling", Scene::Text, 1),
    film("interface-scrolling", Scene::Interface, 1),
];

const fn film(name: &'static str, scene: Scene, stride: usize) -> Film {
    Film {
        name,
        scene,
        stride,
    }
}

impl Film {
    /// Its first `count` pictures.
    pub(crate) fn pictures(&self, count: usize) -> Vec<Picture> {
        let steps = (0..count).map(|number| number * self.stride);
        let picture = |step| self.scene.picture(SIZE.0.into(), SIZE.1.into(), step);
        steps.map(picture).collect()
    }
}
