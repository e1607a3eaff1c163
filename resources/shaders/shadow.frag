#version 120
// How much light a body segment overhead takes from the ground: a soft capsule.
uniform vec3 u_shadow;
varying vec2 v_local;
varying vec3 v_splat;

void main() {
    vec2 beyond = vec2(max(abs(v_local.x) - v_splat.x, 0.0), v_local.y);
    float near = clamp(1.0 - length(beyond) / v_splat.y, 0.0, 1.0);
    gl_FragColor = vec4(u_shadow, v_splat.z * near * near * (3.0 - 2.0 * near));
}
