#version 120
uniform mat4 u_view;
uniform mat4 u_projection;
attribute vec2 a_ground;   // x, z
attribute vec2 a_local;    // along and across the segment, m
attribute vec3 a_splat;    // half length, reach (m), strength
varying vec2 v_local;
varying vec3 v_splat;

void main() {
    v_local = a_local;
    v_splat = a_splat;
    gl_Position = u_projection * (u_view * vec4(a_ground.x, 0.002, a_ground.y, 1.0));
}
