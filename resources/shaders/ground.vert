#version 120
uniform mat4 u_view;
uniform mat4 u_projection;
uniform vec2 u_center;
attribute vec2 a_corner;
varying vec2 v_world;

void main() {
    v_world = a_corner + u_center;
    gl_Position = u_projection * (u_view * vec4(v_world.x, 0.0, v_world.y, 1.0));
}
