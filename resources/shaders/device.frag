#version 120
// The case takes the colour of its state (a_color.a = 0); axes keep theirs.
uniform vec3 u_case;
uniform vec3 u_key;
varying vec3 v_normal;
varying vec3 v_position;
varying vec4 v_color;

void main() {
    float light = 0.72 + 0.28 * max(dot(normalize(v_normal), u_key), 0.0);
    gl_FragColor = vec4(mix(u_case, v_color.rgb, v_color.a) * light, 1.0);
}
