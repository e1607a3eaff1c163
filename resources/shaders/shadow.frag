#version 120
uniform vec3 u_shadow;
varying float v_dark;

void main() {
    gl_FragColor = vec4(u_shadow, v_dark);
}
