#version 120
// The contact shadow as a mesh on the ground; how dark it is comes with every vertex.
uniform mat4 u_view;
uniform mat4 u_projection;
attribute vec3 a_ground;   // x, z (m), darkness
varying float v_dark;

void main() {
    v_dark = a_ground.z;
    gl_Position = u_projection * (u_view * vec4(a_ground.x, 0.002, a_ground.y, 1.0));
}
